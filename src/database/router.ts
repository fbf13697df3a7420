/**
 * Which statements run in the caller's thread, and which in a thread of their own.
 *
 * A quick statement costs less than the way to another thread and back; a slow one stops
 * everything else. Which is which shows when they run: a statement is tried in a thread, where it
 * does no harm, and comes to the caller's when it has proved to be quick.
 *
 * @module
 */

/** Where a statement runs. */
export type Place = "inline" | "worker";

/** What is known of the statements of one text. */
export interface StatementStats {
  /** The text. */
  readonly sql: string;
  /** Where its next run will be. */
  readonly place: Place;
  /** A moving average of what it takes, in milliseconds. */
  readonly averageMs: number;
  /** How often it has run. */
  readonly runs: number;
}

/** About what the way to a thread and back takes. */
const QUICK_MS = 0.05;

/** One run as slow as this is enough to send a statement back. */
const SLOW_MS = 1;

/** Runs in a thread after which a statement is trusted to be quick, if it is. */
const PROBATION = 3;
const LONGEST_PROBATION = 100;

/** So many quick runs make up for one that was slow. */
const RUNS_TO_FORGET = 1_000;

/** The share of the last run in the average. */
const WEIGHT = 0.25;

const MOST_STATEMENTS = 1_000;

class Record {
  place: Place = "worker";
  averageMs = 0;
  runs = 0;
  quickRuns = 0;
  probation = PROBATION;
}

/** Decides for each text by how long it took. */
export class Router {
  /** In the order of their first use. */
  readonly #records = new Map<string, Record>();

  /** Where to run a statement; from now on its runs count. */
  placeOf(sql: string): Place {
    const record = this.#records.get(sql) ?? this.#add(sql);
    return record.place;
  }

  /** Takes a run into account, wherever it was; of statements that were never asked for, none. */
  took(sql: string, ms: number): void {
    const record = this.#records.get(sql);
    if (record === undefined) return;
    record.averageMs = record.runs === 0 ? ms : record.averageMs + WEIGHT * (ms - record.averageMs);
    record.runs += 1;
    if (ms > SLOW_MS || record.averageMs > 2 * QUICK_MS) this.#tookLong(record);
    else if (record.averageMs <= QUICK_MS) this.#wasQuick(record);
  }

  /** What is known, oldest first. */
  get statements(): StatementStats[] {
    return [...this.#records].map(([sql, { place, averageMs, runs }]) => ({
      sql,
      place,
      averageMs,
      runs,
    }));
  }

  #wasQuick(record: Record): void {
    record.quickRuns += 1;
    if (record.place === "worker" && record.quickRuns >= record.probation) {
      record.place = "inline";
      record.quickRuns = 0;
    } else if (record.quickRuns >= RUNS_TO_FORGET) {
      record.probation = PROBATION;
      record.quickRuns = 0;
    }
  }

  #tookLong(record: Record): void {
    record.quickRuns = 0;
    if (record.place === "worker") return;
    record.place = "worker";
    // Its parameters may make the difference: it must not come and go all the time.
    record.probation = Math.min(2 * record.probation, LONGEST_PROBATION);
  }

  #add(sql: string): Record {
    if (this.#records.size >= MOST_STATEMENTS) {
      const [oldest] = this.#records.keys();
      this.#records.delete(oldest);
    }
    const record = new Record();
    this.#records.set(sql, record);
    return record;
  }
}
