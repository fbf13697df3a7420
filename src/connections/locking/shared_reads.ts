/**
 * Lets reads that meet share a read transaction.
 *
 * To begin and to end one takes SQLite several system calls, which cost more than finding a row.
 * Reads that are called in the same turn of the microtask queue therefore run one after the other
 * in a single transaction. It begins after these calls, so each of them sees everything that had
 * been committed when it was made.
 *
 * @module
 */

import type { DriverConnection } from "../../driver/connection.ts";
import type { AcquireOptions } from "../../pool/options.ts";
import type { Pool } from "../../pool/pool.ts";
import type { Resource } from "../../pool/resource.ts";
import { classify } from "../../sqlite/classify.ts";
import { madeEarlier } from "../../sqlite/errors.ts";
import type { BindParams, ResultSet, RowOptions } from "../../sqlite/types.ts";

/** A call of a read, unaffected by what its caller changes later. */
export interface ReadCall<T, S> {
  readonly sql: string;
  readonly params: BindParams | undefined;
  readonly wait: AcquireOptions | undefined;
  readonly rows: RowOptions<T>;
  readonly pick: (result: ResultSet<T>) => S;
}

/** What reads need of a connection. */
export interface ReadingConnection {
  readonly driver: DriverConnection;
  readonly needsReset: boolean;
  /** Runs a statement in this call; see `PhysicalConnection`. */
  runNow<R>(
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
  ): ResultSet<R> | undefined;
}

/** What the pool does for its reads. */
export interface ReadingPool {
  /** Returns what to wait for before a statement, so that the event loop gets its turns. */
  pause(): Promise<void> | undefined;
  /** Runs a read that cannot share, when a connection is free for it. */
  runAlone<T, S>(call: ReadCall<T, S>): S | Promise<S>;
}

/** A read and its outcome. */
interface Read<S> {
  readonly call: ReadCall<unknown, S>;
  outcome:
    | { readonly kind: "none yet" }
    | { readonly kind: "result"; readonly value: S }
    | { readonly kind: "error"; readonly error: unknown }
    | { readonly kind: "runs alone"; readonly result: S | Promise<S> };
}

/** For fewer reads a transaction of their own costs more than it saves. */
const WORTH_SHARING = 3;

/** After a turn with fewer reads, so many run without waiting for company. */
const READS_ON_THE_SPOT = 8;

const NONE_YET = { kind: "none yet" } as const;

/** Runs the reads of a pool of synchronous connections. */
export class SharedReads<C extends ReadingConnection> {
  readonly #pool: Pool<C>;
  readonly #own: ReadingPool;
  /** In the order of their calls. */
  #waiting: Read<unknown>[] = [];
  /** Settles when they have had their turn. */
  #turn: Promise<void> | undefined;
  /** Reads that wait while the event loop runs are announced to the pool. */
  #state: "gathers" | "runs reads" | "lets the event loop run" = "gathers";
  /** How many more reads run on the spot. */
  #onTheSpot = 0;

  constructor(pool: Pool<C>, own: ReadingPool) {
    this.#pool = pool;
    this.#own = own;
  }

  /** The number of reads that wait for company; the pool counts those that wait longer. */
  get waiting(): number {
    return this.#state === "lets the event loop run" ? 0 : this.#waiting.length;
  }

  /** Whether a statement reads and is worth delaying. One that is always alone gains nothing. */
  takes(sql: string): boolean {
    if (!classify(sql).reads) return false;
    if (this.#waiting.length > 0 || this.#onTheSpot === 0) return true;
    this.#onTheSpot -= 1;
    return false;
  }

  /** Runs a read with those that are called in the same turn of the microtask queue. */
  async run<T, S>(call: ReadCall<T, S>): Promise<S> {
    const read: Read<S> = { call: call as ReadCall<unknown, S>, outcome: NONE_YET };
    this.#waiting.push(read as Read<unknown>);
    if (this.#state === "lets the event loop run") this.#pool.expect();
    do await (this.#turn ??= this.#gather()); while (read.outcome.kind === "none yet");
    const { outcome } = read;
    if (outcome.kind === "result") return outcome.value;
    if (outcome.kind === "runs alone") return await outcome.result;
    // This is where the engine knows who waits for it.
    throw madeEarlier(outcome.error);
  }

  /** Runs what waits, before something that was called later. */
  flush(): void {
    if (this.#state === "gathers" && this.#waiting.length > 0) this.#runAll();
  }

  async #gather(): Promise<void> {
    await undefined;
    // They may have had their turn already, or wait for a later one.
    if (this.#state === "lets the event loop run") return;
    this.#turn = undefined;
    this.flush();
  }

  async #gatherAfter(pause: Promise<void>): Promise<void> {
    await pause;
    const expected = this.#waiting.length;
    this.#turn = undefined;
    this.#runAll();
    this.#pool.arrived(expected);
  }

  /** Runs all that waits. Hooks and row factories may add more, which wait for the next turn. */
  #runAll(): void {
    const reads = this.#waiting;
    this.#waiting = [];
    // How many the pause has left tells nothing.
    if (this.#state === "gathers") {
      this.#onTheSpot = reads.length < WORTH_SHARING ? READS_ON_THE_SPOT : 0;
    }
    this.#state = "runs reads";
    let at = 0;
    while (at < reads.length) {
      const pause = this.#own.pause();
      if (pause !== undefined) return this.#putOff(reads.slice(at), pause);
      const borrowed = this.#pool.tryBorrow();
      if (borrowed === undefined) break;
      at = this.#runOn(borrowed, reads, at);
    }
    this.#state = "gathers";
    for (; at < reads.length; at++) this.#runAlone(reads[at]);
  }

  #putOff(reads: Read<unknown>[], pause: Promise<void>): void {
    this.#waiting = [...reads, ...this.#waiting];
    this.#pool.expect(this.#waiting.length);
    this.#state = "lets the event loop run";
    this.#turn = this.#gatherAfter(pause);
  }

  /**
   * Runs reads on one connection until all have run or the event loop needs a turn.
   *
   * @returns the position of the first that has not run.
   */
  #runOn(borrowed: Resource<C>, reads: Read<unknown>[], first: number): number {
    const physical = borrowed.value;
    const alone: Read<unknown>[] = [];
    const shares = reads.length - first >= WORTH_SHARING &&
      physical.driver.beginReads?.() === true;
    let isClean = true;
    let at = first;
    do {
      const read = reads[at++];
      const { sql, params, wait, rows, pick } = read.call;
      try {
        const result = wait?.signal?.aborted ? undefined : physical.runNow(sql, params, rows);
        if (result === undefined) alone.push(read);
        else read.outcome = { kind: "result", value: pick(result) };
      } catch (error) {
        read.outcome = { kind: "error", error };
        isClean = false;
      }
    } while (at < reads.length && this.#own.pause() === undefined);
    if (shares && !physical.driver.endReads!()) isClean = false;
    if (isClean && !physical.needsReset) this.#pool.giveBack(borrowed);
    else void this.#pool.release(borrowed);
    for (const read of alone) this.#runAlone(read);
    return at;
  }

  #runAlone(read: Read<unknown>): void {
    try {
      read.outcome = { kind: "runs alone", result: this.#own.runAlone(read.call) };
    } catch (error) {
      read.outcome = { kind: "error", error };
    }
  }
}
