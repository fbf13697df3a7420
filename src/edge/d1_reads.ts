/**
 * Reads of D1: those of one turn of the event loop go in one request.
 *
 * A turn ends when no more calls come from the promises that are due. There is no timer: on
 * workerd a timer belongs to the request that set it, and whoever else waited for it would be
 * cancelled with that request. Promises that are due run before another request has its turn, so
 * that reads never meet those of another request, even on a database that all requests share.
 *
 * @module
 */

import { d1Error } from "../../adapters/d1/errors.ts";
import type { D1Queries } from "../../adapters/d1/handle.ts";
import {
  type D1Call,
  type D1Outcome,
  type ReadOutcome,
  runOne,
  runTogether,
} from "../../adapters/d1/run.ts";
import { soon, systemEnvironment } from "../platform/clock.ts";
import { SQLiteError } from "../sqlite/errors.ts";

/** More statements in one request gain nothing, and make the first one wait for the last. */
const MOST_TOGETHER = 100;
/** A turn is over when no read has come for so many rounds of promises: callers await a few. */
const QUIET_ROUNDS = 16;
/** A turn that takes longer is one whose request was ended in its midst: nobody joins it. */
const LONGEST_TURN_MS = 100;

/** What the caller needs: objects, values in their order, or the names of columns too. */
export type Need = "objects" | "values" | "columns";

/** One read. */
export interface D1Read extends D1Call {
  readonly need: Need;
  /** Whether its caller still waits. */
  waiting: boolean;
  accept(outcome: D1Outcome): void;
  fail(error: unknown): void;
}

interface Turn {
  readonly since: number;
  readonly reads: D1Read[];
}

/** What is counted. */
export interface D1Counters {
  requests: number;
}

/** Puts reads together. */
export class D1Reads {
  readonly #queries: D1Queries;
  readonly #counters: D1Counters;
  #turn: Turn | undefined;

  constructor(queries: D1Queries, counters: D1Counters) {
    this.#queries = queries;
    this.#counters = counters;
  }

  add(read: D1Read): void {
    const now = systemEnvironment.clock.now();
    if (this.#turn !== undefined && now - this.#turn.since <= LONGEST_TURN_MS) {
      this.#turn.reads.push(read);
      return;
    }
    const turn: Turn = { since: now, reads: [read] };
    this.#turn = turn;
    this.#sendWhenQuiet(turn, 0, QUIET_ROUNDS);
  }

  #sendWhenQuiet(turn: Turn, known: number, rounds: number): void {
    soon(() => {
      const count = turn.reads.length;
      if (count > known) this.#sendWhenQuiet(turn, count, QUIET_ROUNDS);
      else if (rounds > 1) this.#sendWhenQuiet(turn, known, rounds - 1);
      else this.#send(turn);
    });
  }

  #send(turn: Turn): void {
    if (this.#turn === turn) this.#turn = undefined;
    const together: D1Read[] = [];
    for (const read of turn.reads) {
      if (!read.waiting) continue;
      if (mayJoin(read)) together.push(read);
      else void this.#sendAlone(read);
    }
    for (let i = 0; i < together.length; i += MOST_TOGETHER) {
      void this.#sendTogether(together.slice(i, i + MOST_TOGETHER));
    }
  }

  async #sendTogether(reads: readonly D1Read[]): Promise<void> {
    if (reads.length === 1) return await this.#sendAlone(reads[0]);
    let outcomes: ReadOutcome[];
    try {
      this.#counters.requests += 1;
      outcomes = await runTogether(this.#queries, reads);
    } catch (error) {
      this.#takeApart(reads, error);
      return;
    }
    reads.forEach((read, i) => this.#settle(read, outcomes[i]));
  }

  #settle(read: D1Read, readOutcome: ReadOutcome): void {
    try {
      const outcome = readOutcome();
      const lacksColumns = read.need === "columns" && outcome.rows.length === 0;
      const isDoubtful = read.need !== "objects" && outcome.isDoubtful;
      if (lacksColumns || isDoubtful) void this.#sendAlone(read);
      else read.accept(outcome);
    } catch (error) {
      read.fail(error);
    }
  }

  /** D1 fails a batch as a whole: each again by itself, so that only the guilty one fails. */
  #takeApart(reads: readonly D1Read[], error: unknown): void {
    for (const read of reads) {
      if (!read.waiting) continue;
      if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") {
        // It would only be worse: D1 has too much to do. Each caller gets an error of its own.
        read.fail(d1Error(error.cause, false, read.values));
      } else void this.#sendAlone(read, "was in a batch that failed");
    }
  }

  async #sendAlone(read: D1Read, past?: "was in a batch that failed"): Promise<void> {
    let readOutcome: ReadOutcome;
    try {
      this.#counters.requests += 1;
      readOutcome = await runOne(this.#queries, read);
    } catch (error) {
      const isOfSqlite = error instanceof SQLiteError &&
        error.code !== "SQLITE_BUSY" && error.code !== "SQLITE_IOERR";
      if (past !== undefined && isOfSqlite) read.known.isSuspect = true;
      read.fail(error);
      return;
    }
    try {
      read.accept(readOutcome());
    } catch (error) {
      read.fail(error);
    }
  }
}

/** Whether a read can have what it needs from a batch, and is not known to make one fail. */
function mayJoin({ known, need }: D1Read): boolean {
  return known.statement.verb === "select" && !known.isSuspect &&
    (need === "objects" || known.columns !== undefined);
}
