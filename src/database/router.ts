/**
 * Decides which statements run in the caller's thread and which in a separate one.
 *
 * A fast statement costs less than a round trip to another thread; a slow one blocks everything
 * else. Statements first run in a separate thread, where they do no harm, and move to the caller's
 * thread once they have proved to be fast.
 *
 * @module
 */

import type { Place } from "../connections/observation/operation.ts";

/** What is known about statements with the same text. */
export interface StatementStats {
  /** The text. */
  readonly sql: string;
  /** Where it will run next. */
  readonly place: Place;
  /** The moving average of its duration, in milliseconds. */
  readonly averageMs: number;
  /** How often it has run. */
  readonly runs: number;
}

/** The approximate cost of a round trip to a thread. */
const QUICK_MS = 0.05;

/** A single run this slow moves a statement back to a thread. */
const SLOW_MS = 1;

/** The number of runs in a thread before a fast statement moves to the caller's thread. */
const PROBATION = 3;
const LONGEST_PROBATION = 100;

/** The number of fast runs that make up for a slow one. */
const RUNS_TO_FORGET = 1_000;

/** The weight of the last run in the average. */
const WEIGHT = 0.25;

const MOST_STATEMENTS = 1_000;

class Record {
  place: Place = "worker";
  averageMs = 0;
  runs = 0;
  quickRuns = 0;
  probation = PROBATION;
}

/** Decides for each text by its past durations. */
export class Router {
  /** In order of first use. */
  readonly #records = new Map<string, Record>();

  /** Returns where to run a statement, whose runs are measured from now on. */
  placeOf(sql: string): Place {
    const record = this.#records.get(sql) ?? this.#add(sql);
    return record.place;
  }

  /** Records a run in either place, if its statement was routed before. */
  took(sql: string, ms: number): void {
    const record = this.#records.get(sql);
    if (record === undefined) return;
    record.averageMs = record.runs === 0 ? ms : record.averageMs + WEIGHT * (ms - record.averageMs);
    record.runs += 1;
    if (ms > SLOW_MS || record.averageMs > 2 * QUICK_MS) this.#tookLong(record);
    else if (record.averageMs <= QUICK_MS) this.#wasQuick(record);
  }

  /** Returns what is known, oldest first. */
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
    // Its duration may depend on its parameters, and it must not move back and forth constantly.
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
