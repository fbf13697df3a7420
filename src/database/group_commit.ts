/**
 * Writes that meet in the queue share one transaction: one wait for the disk instead of many.
 *
 * Inline each write has a savepoint of its own. Each caller is answered after COMMIT. Should a
 * transaction be lost as a whole, its writes run again one by one, so that only the guilty fail.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { PoolConnectionAcquireTimeoutError } from "../pool/errors.ts";
import { Waiter, WaitQueue } from "../pool/old_wait_queue.ts";
import type { BindParams, ResultSet, RowFactory } from "../sqlite/types.ts";
import { executeInSavepoint } from "../driver/savepoint.ts";
import type { LeasedConnection } from "../connections/leased_connection.ts";
import type { PhysicalConnection } from "../connections/physical_connection.ts";

/** One transaction ends after this many writes, or with the write that passes this many ms. */
const MOST_WRITES = 1_000;
const LONGEST_MS = 5;

/** Somebody's write, and who waits for it. */
interface Write {
  readonly sql: string;
  readonly params: BindParams | undefined;
  readonly rowFactory: RowFactory<unknown> | undefined;
  readonly caller: Waiter<ResultSet<unknown>>;
}

/** How a write went, before anybody is told. */
interface Outcome {
  readonly write: Write;
  readonly result: ResultSet<unknown> | undefined;
  readonly error: unknown;
}

/** How one write waits. */
export interface WriteWait {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/** The connections that write, one lease at a time. */
export interface WriterSource {
  connection(options: { timeoutMs: number }): Promise<LeasedConnection<unknown>>;
}

/** Collects writes while the writer is busy, and commits them together. */
export class GroupCommit {
  readonly #writer: WriterSource;
  readonly #clock: Clock;
  /** Everybody who waits for an answer. */
  readonly #callers: WaitQueue<ResultSet<unknown>>;
  /** The last group in the queue, as long as it takes more writes. */
  #open: Write[] | undefined = undefined;

  constructor(writer: WriterSource, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
    this.#callers = new WaitQueue(clock, (caller) => {
      this.#refuse(caller, writerStayedBusy(caller.timeoutMs));
    });
  }

  /** Queues a write; answered when it has been committed or has failed. */
  add(
    sql: string,
    params: BindParams | undefined,
    rowFactory: RowFactory<unknown> | undefined,
    wait: WriteWait,
  ): Promise<ResultSet<unknown>> {
    const { signal, timeoutMs } = wait;
    const caller = new Waiter<ResultSet<unknown>>(this.#clock.now());
    // In a queue for the sake of its one timer: a timer each would cost more than the write.
    this.#callers.push(caller);
    this.#callers.limit(caller, timeoutMs);
    if (signal !== undefined) caller.onAbort(signal, () => this.#refuse(caller, signal.reason));
    if (this.#open === undefined || this.#open.length >= MOST_WRITES) {
      this.#open = [];
      void this.#commit(this.#open);
    }
    this.#open.push({ sql, params, rowFactory, caller });
    return caller.promise;
  }

  /** Whoever queues for the writer now comes after the writes so far, and before later ones. */
  seal(): void {
    this.#open = undefined;
  }

  #answer(caller: Waiter<ResultSet<unknown>>, result: ResultSet<unknown>): void {
    if (!caller.waiting) return;
    this.#callers.remove(caller);
    caller.accept(result);
  }

  #refuse(caller: Waiter<ResultSet<unknown>>, error: unknown): void {
    if (!caller.waiting) return;
    this.#callers.remove(caller);
    caller.fail(error);
  }

  async #commit(group: Write[]): Promise<void> {
    let connection: LeasedConnection<unknown> | undefined;
    try {
      connection = await this.#writer.connection({ timeoutMs: Infinity });
      if (this.#open === group) this.#open = undefined;
      let left: Write[] = group;
      while (left.length > 0) left = await this.#commitSome(connection, left);
    } catch (error) {
      if (this.#open === group) this.#open = undefined;
      for (const { caller } of group) this.#refuse(caller, error);
    } finally {
      await connection?.release();
    }
  }

  /** Commits as many writes as fit in one transaction and returns the others. */
  async #commitSome(connection: LeasedConnection<unknown>, writes: Write[]): Promise<Write[]> {
    const wanted = writes.filter(({ caller }) => caller.waiting);
    if (wanted.length < 2) {
      await this.#answerOneByOne(connection, wanted);
      return [];
    }
    await connection.begin("immediate");
    const startedAt = this.#clock.now();
    const outcomes: Promise<Outcome>[] = [];
    for (const write of wanted) {
      // Before each is sent: those that only wait for their turn would not show in the backlog.
      const pause = connection.session.pauseBeforeCall();
      if (pause !== undefined) await pause;
      const outcome = runInSavepoint(connection.session, write);
      outcomes.push(outcome);
      // A thread answers many quick ones at once.
      if (connection.session.hasRoom) continue;
      await outcome;
      // Some errors and RAISE(ROLLBACK) end the transaction, and with it what came before.
      if (!connection.inTransaction || this.#clock.now() - startedAt > LONGEST_MS) break;
    }
    await this.#commitOrRepeat(connection, await Promise.all(outcomes));
    return wanted.slice(outcomes.length);
  }

  async #commitOrRepeat(connection: LeasedConnection<unknown>, outcomes: Outcome[]): Promise<void> {
    if (!await committed(connection)) {
      await this.#answerOneByOne(connection, outcomes.map(({ write }) => write));
      return;
    }
    for (const { write: { caller }, result, error } of outcomes) {
      if (result === undefined) this.#refuse(caller, error);
      else this.#answer(caller, result);
    }
  }

  async #answerOneByOne(connection: LeasedConnection<unknown>, writes: Write[]): Promise<void> {
    for (const { sql, params, rowFactory, caller } of writes) {
      try {
        this.#answer(caller, await connection.run(sql, params, { rowFactory }));
      } catch (error) {
        this.#refuse(caller, error);
      }
    }
  }
}

function writerStayedBusy(timeoutMs: number): Error {
  return new PoolConnectionAcquireTimeoutError(
    `The writer did not become free within ${timeoutMs} ms. Keep write transactions short, or ` +
      "raise acquisitionTimeoutMs.",
  );
}

async function committed(connection: LeasedConnection<unknown>): Promise<boolean> {
  if (!connection.inTransaction) return false;
  try {
    await connection.commit();
    return true;
  } catch {
    // Which write is to blame shows when each has a transaction of its own.
    await connection.rollback();
    return false;
  }
}

async function runInSavepoint(session: PhysicalConnection, write: Write): Promise<Outcome> {
  const { sql, params, rowFactory } = write;
  try {
    const call = executeInSavepoint(session.connection, sql, params, { rowFactory });
    return { write, result: await session.watch(call), error: undefined };
  } catch (error) {
    return { write, result: undefined, error: session.explain(error) };
  }
}
