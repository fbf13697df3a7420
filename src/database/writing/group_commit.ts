/**
 * Writes that meet in the queue share one transaction, which waits for the disk once instead of
 * many times.
 *
 * Each call settles after COMMIT, and a call that rejects has changed nothing. No write needs a
 * savepoint while all succeed: if one fails, all are undone and run again, each in a savepoint, so
 * that only the failing ones reject.
 *
 * @module
 */

import type { SQLiteConnectionPool } from "../../connections/connection_pool.ts";
import type { PhysicalConnection } from "../../connections/physical_connection.ts";
import { transactionEnded } from "../../connections/errors.ts";
import { classify } from "../../sqlite/classify.ts";
import {
  commit,
  outcomeOfLost,
  takeWriteLock,
  tryCommit,
  tryTakeWriteLock,
} from "../../connections/transaction.ts";
import { type Clock, soon } from "../../platform/clock.ts";
import { OutcomeUnknownError } from "../../pool/errors.ts";
import type { Lease } from "../../pool/lease.ts";
import { WaitQueue } from "../../pool/wait_queue.ts";
import { continueElsewhere, stopperOf, unlessStopped, wasStopped, type Work } from "./stopping.ts";
import { writerStayedBusy } from "../database_errors.ts";
import { PartialWrites } from "./partial_writes.ts";
import type { SharedSync } from "./shared_sync.ts";
import { answerAll, type Outcome, type Run, runAsync, runSync } from "./run_writes.ts";
import {
  answerOf,
  ownCopy,
  QueuedWrite,
  type SingleWrite,
  type WriteCall,
  type WriteResult,
} from "./queued_write.ts";

/** One transaction ends after this many writes. */
const MOST_WRITES = 1_000;

/** How many microtasks a group waits for other callers that are about to write. */
const TURNS_TO_GATHER = 3;

const BEGIN = "BEGIN IMMEDIATE";

/** A group of writes. */
interface Group {
  readonly writes: QueuedWrite[];
  /** Whether it has taken its place in the queue for the writer. */
  phase: "gathering" | "in line";
}

/** Collects writes while the writer is busy and commits them together. */
export class GroupCommit {
  readonly #writer: SQLiteConnectionPool<unknown>;
  readonly #sync: SharedSync | undefined;
  readonly #clock: Clock;
  /** The waiting writes. */
  readonly #queue: WaitQueue<WriteResult>;
  /** The last group in the queue, while it accepts more writes. */
  #open: Group | undefined = undefined;
  /** Groups that wait for the writer. */
  #asking = 0;
  /** Writes that have the writer and stay in the queue until they run. */
  #starting = 0;
  readonly #partialWrites = new PartialWrites();
  /** Whether the last group had a failing write, so the next one may too. */
  #expects: "success" | "failure" = "success";

  /** @param limits how many callers may wait for the writer, and what errors call the database. */
  constructor(
    writer: SQLiteConnectionPool<unknown>,
    sync: SharedSync | undefined,
    clock: Clock,
    { name, maxWaiting }: { readonly name: string | undefined; readonly maxWaiting: number },
  ) {
    this.#writer = writer;
    this.#sync = sync;
    this.#clock = clock;
    this.#queue = new WaitQueue(clock, {
      name,
      counters: writer.counters,
      maxWaiting,
      aboutToBeServed: () => this.#starting + (writer.isIdle ? 1 : 0),
      onExpire: ({ timeoutMs }) => writerStayedBusy(name, timeoutMs),
    });
  }

  /** How many callers are waiting for the writer beyond those in its pool's queue. */
  get waiting(): number {
    return this.#queue.size - this.#starting - this.#asking;
  }

  /** Queues a write. Settles when it has been committed or has failed. */
  add(call: WriteCall): Promise<WriteResult> {
    const { watch } = this.#writer;
    const isWatched = watch.sees("query");
    const loading = isWatched ? watch.loading : undefined;
    if (loading !== undefined) return loading.then(() => this.add(call));
    const { signal, waitMs } = call;
    let group = this.#open;
    // A timer per write would cost more than the write, so the queue has one, from when a group waits.
    const waits = group?.phase === "in line";
    const caller = this.#queue.wait({ signal, timeoutMs: waitMs }, undefined, undefined, waits);
    if (!caller.waiting) return caller.promise;
    if (group === undefined || group.writes.length >= MOST_WRITES) {
      group = this.#open = { writes: [], phase: "gathering" };
      this.#gather(group, TURNS_TO_GATHER);
    }
    group.writes.push(new QueuedWrite(call, caller, this.#clock, isWatched ? watch : undefined));
    return answerOf(caller);
  }

  /** A caller that queues for the writer now runs after earlier writes and before later ones. */
  seal(): void {
    // Calls in between may change the schema.
    this.#partialWrites.lookAgain();
    const group = this.#open;
    this.#open = undefined;
    if (group?.phase === "gathering") this.#lineUp(group);
  }

  /** Waits for other callers that are about to write. */
  #gather(group: Group, turns: number): void {
    if (turns > 0) soon(() => this.#gather(group, turns - 1));
    else if (group.phase === "gathering") this.#lineUp(group);
  }

  #lineUp(group: Group): void {
    group.phase = "in line";
    void this.#commitGroup(group);
  }

  async #commitGroup(group: Group): Promise<void> {
    const { writes } = group;
    let work: Work | undefined;
    try {
      const lease = this.#writer.tryLend() ?? await this.#longer(this.#waitForWriter());
      work = { lease, phase: "running", left: writes, alone: 0 };
      if (this.#open === group) this.#open = undefined;
      this.#starting = writes.length;
      const ready = this.#sync?.begin(lease.value, this.#writer.isAwaited);
      if (ready !== undefined) await this.#longer(ready);
      while (this.#hasMore(work)) {
        if (wasStopped(work)) await continueElsewhere(work, this.#writer, this.#sync);
        // Awaiting a settled promise would cost more than a write.
        const committing = this.#commitSome(work);
        if (committing !== undefined) await this.#longer(unlessStopped(work, committing));
      }
    } catch (error) {
      if (this.#open === group) this.#open = undefined;
      for (const write of writes) if (!write.isDone) write.refuse(ownCopy(error));
    } finally {
      this.#starting = 0;
      const released = work?.lease.release();
      if (released !== undefined) await released;
    }
  }

  async #waitForWriter(): Promise<Lease<PhysicalConnection>> {
    this.#asking += 1;
    try {
      // Each caller has its own deadline.
      return (await this.#writer.lend({ timeoutMs: Infinity })).lease;
    } finally {
      this.#asking -= 1;
    }
  }

  /** Work that outlasts this turn of the event loop: writes that wait for it have deadlines. */
  #longer<S>(work: Promise<S>): Promise<S> {
    this.#queue.watchDeadlines();
    return work;
  }

  #hasMore(work: Work): boolean {
    work.left = work.left.filter(({ isDone }) => !isDone);
    return work.left.length > 0;
  }

  /** Runs as many writes as fit in one transaction, synchronously if the driver can. */
  #commitSome(work: Work): void | Promise<void> {
    const { lease, left } = work;
    const physical = lease.value;
    if (physical.driver.executeSync === undefined) return this.#commitSomeAsync(work);
    const { call } = left[0];
    if (left.length === 1 && call.statements === undefined) {
      if (this.#runsAlone(physical, left[0], call)) return;
    }
    if (!tryTakeWriteLock(physical, BEGIN)) return this.#commitSomeAsync(work);
    const run = this.#runOf(work);
    const outcomes: Outcome[] = [];
    const running = runSync(run, outcomes);
    if (running === undefined) return this.#finish(work, run, outcomes);
    return running.then(() => this.#finish(work, run, outcomes));
  }

  #runOf(work: Work): Run {
    const { lease, left, alone } = work;
    const members = left.slice(0, alone > 0 ? 1 : MOST_WRITES);
    const careful = members.length > 1 && this.#expects === "failure";
    const send = (write: QueuedWrite): boolean => this.#send(write, work);
    return { lease, clock: this.#clock, members, careful, send };
  }

  /**
   * Runs one write as a statement in autocommit, which takes half as long as in a transaction.
   *
   * @returns false if it needs a transaction or must wait for the lock; it has then not run.
   */
  #runsAlone(
    physical: PhysicalConnection,
    write: QueuedWrite,
    { sql, params, rows }: SingleWrite,
  ): boolean {
    if (classify(sql).atomic || physical.pauseBeforeCall() !== undefined) return false;
    if (!this.#partialWrites.areImpossible(physical)) return false;
    // It stays in the queue until now, since it must still wait while the database is locked.
    if (write.caller.settled) return false;
    write.report?.starts();
    try {
      const result = physical.runNow(sql, params, rows, false);
      write.report?.stops(0, result);
      if (result === undefined) return false;
      this.#send(write);
      write.committed(result, this.#sync?.commit());
    } catch (error) {
      this.#send(write);
      write.refuse(this.#partialWrites.explain(physical, error));
    }
    return true;
  }

  async #commitSomeAsync(work: Work): Promise<void> {
    const { lease, left, alone } = work;
    const [first] = left;
    const single = left.length === 1 || alone > 0;
    // Its rows may turn out not to be deliverable, and the statement would have to be undone.
    const { call } = first;
    if (single && call.statements === undefined && !classify(call.sql).atomic) {
      if (lease.value.driver.executeAlone !== undefined) {
        return await this.#commitAlone(work, first, call);
      }
    }
    await takeWriteLock(lease, BEGIN);
    const run = this.#runOf(work);
    let outcomes: Outcome[] = [];
    if (lease.value.driver.executeSync === undefined) outcomes = await runAsync(run);
    else await runSync(run, outcomes);
    if (wasStopped(work)) return;
    await this.#finish(work, run, outcomes);
  }

  /** Sends one write with its transaction, in one round trip to its thread instead of three. */
  async #commitAlone(
    work: Work,
    write: QueuedWrite,
    { sql, params, rows }: SingleWrite,
  ): Promise<void> {
    const { lease } = work;
    work.alone = Math.max(0, work.alone - 1);
    try {
      const result = await lease.value.inTurn(async () => {
        if (!this.#send(write, work)) return undefined;
        write.report?.starts();
        const physical = lease.value;
        return await physical.track(physical.driver.executeAlone!(sql, params, rows));
      });
      if (result === undefined) return;
      write.report?.stops(0, result);
      write.committed(result, this.#sync?.commit());
    } catch (error) {
      write.refuse(outcomeOfLost(error));
    }
  }

  /** Commits a transaction whose writes have run, or rolls it back if they must run again. */
  #finish(
    work: Work,
    { members, careful }: Run,
    outcomes: readonly Outcome[],
  ): void | Promise<void> {
    const physical = work.lease.value;
    const failed = outcomes.filter(({ result }) => result === undefined);
    const ended = !physical.driver.inTransaction;
    if (members.length === 1) work.alone = Math.max(0, work.alone - 1);
    if (failed.length > 0 && !careful) {
      if (members.length === 1) failed[0].write.refuse(failed[0].error);
      // With a savepoint each, the failing write can be identified.
      else this.#expects = "failure";
      return ended ? undefined : physical.rollback();
    }
    if (ended) {
      // The write that ended the transaction also undid all others, which run again without it.
      const { write, error } = failed.at(-1) ?? outcomes[outcomes.length - 1];
      write.refuse(error ?? transactionEnded(undefined));
      return;
    }
    if (careful && failed.length === 0) this.#expects = "success";
    return this.#commit(work, outcomes);
  }

  /** Takes a write out of the queue to run it. Returns false if its caller has given up. */
  #send(write: QueuedWrite, work?: Work): boolean {
    const wasQueued = write.phase === "queued";
    if (!write.send(work && stopperOf(work))) return false;
    if (wasQueued) this.#starting -= 1;
    return true;
  }

  /** Commits and settles the calls. If COMMIT fails for several, they run again one by one. */
  #commit(work: Work, outcomes: readonly Outcome[]): void | Promise<void> {
    try {
      if (!tryCommit(work.lease.value)) return this.#commitAsync(work, outcomes);
    } catch (error) {
      return this.#commitFailed(work, outcomes, error);
    }
    answerAll(outcomes, this.#sync?.commit());
  }

  async #commitAsync(work: Work, outcomes: readonly Outcome[]): Promise<void> {
    try {
      work.phase = "committing";
      await commit(work.lease);
      work.phase = "running";
    } catch (error) {
      return await this.#commitFailed(work, outcomes, error);
    }
    answerAll(outcomes, this.#sync?.commit());
  }

  async #commitFailed(work: Work, outcomes: readonly Outcome[], error: unknown): Promise<void> {
    // The connection was lost, so the outcome is unknown.
    if (error instanceof OutcomeUnknownError) throw error;
    work.phase = "running";
    await work.lease.value.rollback();
    if (outcomes.length === 1) outcomes[0].write.refuse(error);
    // With a transaction each, the write that makes COMMIT fail can be identified.
    else work.alone = outcomes.length;
  }
}
