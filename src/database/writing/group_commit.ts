/**
 * Writes that meet in the queue share one transaction: one wait for the disk instead of many.
 *
 * Each caller is answered after COMMIT, and a call that rejects has left nothing. As long as all
 * goes well, no write needs a savepoint: when one fails, all are undone and run again, each in a
 * savepoint, so that only the guilty fail.
 *
 * @module
 */

import type { SQLiteConnectionPool } from "../../connections/connection_pool.ts";
import type { PhysicalConnection } from "../../connections/physical_connection.ts";
import { transactionEnded } from "../../connections/errors.ts";
import { wholeResult } from "../../connections/query.ts";
import {
  commit,
  takeWriteLock,
  TransactionScope,
  tryCommit,
  tryTakeWriteLock,
} from "../../connections/transaction.ts";
import { type Clock, soon } from "../../platform/clock.ts";
import { withCallersStack } from "../../platform/callers_stack.ts";
import {
  OutcomeUnknownError,
  PoolConnectionAcquireTimeoutError,
  SQLitePoolError,
} from "../../pool/errors.ts";
import type { Lease } from "../../pool/lease.ts";
import { type Waiter, WaitQueue } from "../../pool/wait_queue.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { ResultSet } from "../../sqlite/types.ts";
import { QueuedWrite, type WriteCall } from "./queued_write.ts";

/** One transaction ends after this many writes, or with the write that passes this many ms. */
const MOST_WRITES = 1_000;
const LONGEST_MS = 5;

/** So many turns of the microtask queue a group waits for callers who are about to write too. */
const TURNS_TO_GATHER = 3;

const BEGIN = "BEGIN IMMEDIATE";

/** Writes that meet. */
interface Group {
  readonly writes: QueuedWrite[];
  /** Whether it has taken its place in the queue for the writer. */
  phase: "gathering" | "in line";
}

/** How a write went, before anybody is told. */
interface Outcome {
  readonly write: QueuedWrite;
  readonly result: ResultSet<unknown> | undefined;
  readonly error: unknown;
}

/** Collects writes while the writer is busy, and commits them together. */
export class GroupCommit {
  readonly #writer: SQLiteConnectionPool<unknown>;
  readonly #clock: Clock;
  /** Those who wait for their turn. */
  readonly #queue: WaitQueue<ResultSet<unknown>>;
  /** The last group in the queue, as long as it takes more writes. */
  #open: Group | undefined = undefined;
  /** Groups that wait for the writer. */
  #asking = 0;
  /** Writes that have the writer, and are in the queue until they run. */
  #starting = 0;
  /** Whether the last group had a write that failed: the next may have one too. */
  #expects: "success" | "failure" = "success";

  /** @param maxWaiting how many callers may wait for the writer. */
  constructor(writer: SQLiteConnectionPool<unknown>, clock: Clock, maxWaiting: number) {
    this.#writer = writer;
    this.#clock = clock;
    this.#queue = new WaitQueue(clock, {
      counters: writer.counters,
      maxWaiting,
      aboutToBeServed: () => this.#starting + (writer.isIdle ? 1 : 0),
      onExpire: ({ timeoutMs }) => writerStayedBusy(timeoutMs),
    });
  }

  /** How many more wait for the writer than its pool knows of. */
  get waiting(): number {
    return this.#queue.size - this.#starting - this.#asking;
  }

  /** Queues a write; answered when it has been committed or has failed. */
  add(call: WriteCall): Promise<ResultSet<unknown>> {
    const { signal, waitMs } = call;
    // In a queue for the sake of its one timer: a timer each would cost more than the write.
    const caller = this.#queue.wait({ signal, timeoutMs: waitMs }, undefined);
    if (!caller.waiting) return caller.promise;
    let group = this.#open;
    if (group === undefined || group.writes.length >= MOST_WRITES) {
      group = this.#open = { writes: [], phase: "gathering" };
      this.#gather(group, TURNS_TO_GATHER);
    }
    group.writes.push(new QueuedWrite(call, caller, this.#clock));
    return answerOf(caller);
  }

  /** Whoever queues for the writer now comes after the writes so far, and before later ones. */
  seal(): void {
    const group = this.#open;
    this.#open = undefined;
    if (group !== undefined) this.#lineUp(group);
  }

  /** Waits for callers who are about to write too. */
  #gather(group: Group, turns: number): void {
    if (turns === 0) this.#lineUp(group);
    else soon(() => this.#gather(group, turns - 1));
  }

  #lineUp(group: Group): void {
    if (group.phase === "in line") return;
    group.phase = "in line";
    void this.#commitGroup(group);
  }

  async #commitGroup(group: Group): Promise<void> {
    const { writes } = group;
    let lease: Lease<PhysicalConnection> | undefined;
    try {
      lease = this.#writer.tryLend() ?? await this.#waitForWriter();
      if (this.#open === group) this.#open = undefined;
      this.#starting = writes.length;
      await this.#commitAll(lease, writes);
    } catch (error) {
      if (this.#open === group) this.#open = undefined;
      for (const write of writes) write.refuse(ownCopy(error));
    } finally {
      this.#starting = 0;
      const released = lease?.release();
      if (released !== undefined) await released;
    }
  }

  async #waitForWriter(): Promise<Lease<PhysicalConnection>> {
    this.#asking += 1;
    try {
      // Each caller has a deadline of its own.
      return (await this.#writer.lend({ timeoutMs: Infinity })).lease;
    } finally {
      this.#asking -= 1;
    }
  }

  /** Commits writes, as many in one transaction as fit. */
  async #commitAll(lease: Lease<PhysicalConnection>, writes: QueuedWrite[]): Promise<void> {
    /** How many of those that are left must not share a transaction. */
    let alone = 0;
    let left = writes;
    while (true) {
      left = left.filter(({ caller }) => !caller.settled);
      if (left.length === 0) return;
      const physical = lease.value;
      if (!tryTakeWriteLock(physical, BEGIN)) await takeWriteLock(lease, BEGIN);
      const members = left.slice(0, alone > 0 ? 1 : MOST_WRITES);
      const careful = members.length > 1 && this.#expects === "failure";
      const running = this.#run(lease, members, careful);
      const outcomes = Array.isArray(running) ? running : await running;
      const failed = outcomes.filter(({ result }) => result === undefined);
      const ended = !physical.driver.inTransaction;
      if (failed.length > 0 && !careful) {
        if (!ended) await physical.rollback();
        if (members.length === 1) failed[0].write.refuse(failed[0].error);
        // Who is to blame shows when each has a savepoint.
        else this.#expects = "failure";
      } else if (ended) {
        // What ended the transaction took all others with it: they run again without it.
        const { write, error } = failed.at(-1) ?? outcomes[outcomes.length - 1];
        write.refuse(error ?? transactionEnded(undefined));
      } else if (await this.#commit(lease, outcomes)) {
        if (careful && failed.length === 0) this.#expects = "success";
      } else {
        // Which of them makes COMMIT fail shows when each has a transaction of its own.
        alone = outcomes.length;
      }
      alone = Math.max(0, alone - (members.length === 1 ? 1 : 0));
    }
  }

  /** Takes a write out of the queue to run it. False when its caller has given up before. */
  #send(write: QueuedWrite): boolean {
    const wasQueued = write.phase === "queued";
    if (!write.send()) return false;
    if (wasQueued) this.#starting -= 1;
    return true;
  }

  /** Runs writes inside the open transaction: at once where the driver can. */
  #run(
    lease: Lease<PhysicalConnection>,
    members: readonly QueuedWrite[],
    careful: boolean,
  ): Outcome[] | Promise<Outcome[]> {
    return lease.value.driver.executeSync === undefined
      ? this.#runAsync(lease, members, careful)
      : this.#runSync(lease, members, careful);
  }

  #runSync(
    lease: Lease<PhysicalConnection>,
    members: readonly QueuedWrite[],
    careful: boolean,
  ): Outcome[] | Promise<Outcome[]> {
    const startedAt = this.#clock.now();
    const outcomes: Outcome[] = [];
    const physical = lease.value;
    const runFrom = (first: number): Outcome[] | Promise<Outcome[]> => {
      for (let index = first; index < members.length; index++) {
        const pause = physical.pauseBeforeCall();
        if (pause !== undefined) return pause.then(() => runFrom(index));
        const write = members[index];
        if (!this.#send(write)) continue;
        const outcome = this.#runNow(physical, write, careful);
        outcomes.push(outcome);
        if (outcome.result === undefined && (!careful || !physical.driver.inTransaction)) break;
        if (this.#clock.now() - startedAt > LONGEST_MS) break;
      }
      return outcomes;
    };
    return runFrom(0);
  }

  #runNow(physical: PhysicalConnection, write: QueuedWrite, careful: boolean): Outcome {
    const { sql, params, rows } = write.call;
    try {
      const result = physical.runNow(sql, params, rows, careful);
      return { write, result, error: result === undefined ? lockedInTransaction() : undefined };
    } catch (error) {
      return { write, result: undefined, error };
    }
  }

  async #runAsync(
    lease: Lease<PhysicalConnection>,
    members: readonly QueuedWrite[],
    careful: boolean,
  ): Promise<Outcome[]> {
    const scope = new TransactionScope(lease, undefined, 0);
    const physical = lease.value;
    const startedAt = this.#clock.now();
    const outcomes: Promise<Outcome>[] = [];
    for (const write of members) {
      if (!this.#send(write)) continue;
      const outcome = this.#runInScope(scope, physical, write, careful);
      outcomes.push(outcome);
      // A thread answers many quick ones at once.
      if (!careful && physical.hasRoom) continue;
      const { result } = await outcome;
      if (result === undefined && (!careful || !physical.driver.inTransaction)) break;
      if (this.#clock.now() - startedAt > LONGEST_MS) break;
    }
    return await Promise.all(outcomes);
  }

  async #runInScope(
    scope: TransactionScope,
    physical: PhysicalConnection,
    write: QueuedWrite,
    careful: boolean,
  ): Promise<Outcome> {
    const { sql, params, rows } = write.call;
    try {
      const result = await physical.run(scope, sql, params, rows, wholeResult, careful);
      return { write, result, error: undefined };
    } catch (error) {
      return { write, result: undefined, error };
    }
  }

  /** Commits and answers; false, with everything undone, when COMMIT fails for some of many. */
  async #commit(
    lease: Lease<PhysicalConnection>,
    outcomes: readonly Outcome[],
  ): Promise<boolean> {
    const physical = lease.value;
    try {
      if (!tryCommit(physical)) await commit(lease);
    } catch (error) {
      // The connection is gone, and nobody can know.
      if (error instanceof OutcomeUnknownError) throw error;
      await physical.rollback();
      if (outcomes.length > 1) return false;
      outcomes[0].write.refuse(error);
      return true;
    }
    for (const { write, result, error } of outcomes) {
      if (result === undefined) write.refuse(error);
      else write.answer(result);
    }
    return true;
  }
}

/** An async function, so that the stack of an error leads to whoever awaits it. */
async function answerOf(caller: Waiter<ResultSet<unknown>>): Promise<ResultSet<unknown>> {
  try {
    return await caller.promise;
  } catch (error) {
    // Errors of the user's row factory are left as they are.
    const ours = error instanceof SQLiteError || error instanceof SQLitePoolError;
    throw ours ? withCallersStack(error) : error;
  }
}

/** Callers who fail together get an error each: its stack is to lead to them. */
function ownCopy(error: unknown): unknown {
  if (error instanceof SQLiteError) {
    return new SQLiteError(error.message, error.rawCode, { cause: error.cause });
  }
  if (error instanceof OutcomeUnknownError) {
    return new OutcomeUnknownError(error.message, { cause: error.cause });
  }
  return error;
}

function lockedInTransaction(): SQLiteError {
  return new SQLiteError("the database is locked, though the write lock is held", resultCode.BUSY);
}

function writerStayedBusy(timeoutMs: number): Error {
  return new PoolConnectionAcquireTimeoutError(
    `The writer did not become free within ${timeoutMs} ms. Keep write transactions short, or ` +
      "raise acquisitionTimeoutMs.",
  );
}
