/**
 * A database on D1.
 *
 * @module
 */

import type { D1Handle } from "../../adapters/d1/handle.ts";
import type { PoolStats } from "../connections/connection_pool.ts";
import type { WatchedDatabase } from "../connections/observation/watch.ts";
import type { Database, SessionOptions } from "../database/database.ts";
import type { CloseOptions } from "../pool/options.ts";
import { Counters } from "../pool/stats.ts";
import type { Row } from "../sqlite/types.ts";
import { checkOptions } from "./call_options.ts";
import { d1Bookmark, type D1Stats, type ResolvedD1Options } from "./d1_options.ts";
import { type D1Parts, SessionOnD1 } from "./d1_session.ts";
import { notSupported } from "./errors.ts";

/**
 * Where a session without a bookmark begins: at any copy of the database. From its first answer on
 * it never goes back in time.
 */
const ANY_COPY = "first-unconstrained";

/**
 * A database on D1. Made by `openD1`.
 *
 * It holds nothing that one request could keep from another: one may be opened for each request, or
 * one for all.
 */
export class DatabaseOnD1<R = Row> extends SessionOnD1<R> implements Database<R> {
  readonly #binding: D1Handle;
  readonly #parts: D1Parts<R>;
  /** Always `"d1"`: a binding does not tell its name. */
  readonly path = "d1";

  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(binding: D1Handle, options: ResolvedD1Options<R>) {
    const counters = { requests: 0, reads: new Counters(), writes: new Counters() };
    const parts: D1Parts<R> = { options, counters, closed: false };
    const { after } = options;
    super(after === "" ? binding : binding.withSession(after), parts, after);
    this.#binding = binding;
    this.#parts = parts;
  }

  /**
   * What instrumentation adds itself to.
   *
   * @internal
   */
  get watched(): WatchedDatabase {
    return this.#parts.options.watched;
  }

  /** Whether `close` was called: new calls are refused. */
  get closed(): boolean {
    return this.#parts.closed;
  }

  /** Counters; there are no pools, so that their gauges are 0. */
  get stats(): D1Stats {
    const { requests, reads, writes } = this.#parts.counters;
    return {
      writer: noPool(writes),
      readers: noPool(reads),
      threads: undefined,
      inline: undefined,
      statements: [],
      requests,
    };
  }

  /**
   * Begins a session: it sees its own writes, and what the bookmark's session has seen. Without a
   * bookmark its first read may be answered by any copy of the database.
   *
   * @param options where it continues.
   * @throws {TypeError} when `after` is no bookmark of D1.
   */
  session(options?: SessionOptions): SessionOnD1<R> {
    checkOptions(options, ["after"]);
    const after = d1Bookmark(options?.after);
    const session = this.#binding.withSession(after === "" ? ANY_COPY : after);
    return new SessionOnD1(session, this.#parts, after);
  }

  /** D1 lends no connections: rejects. */
  connection(): Promise<never> {
    const remedy = "Use db.batch([...]) for statements that belong together";
    return Promise.reject(notSupported("connection", "D1", remedy));
  }

  /** D1 tells nothing of a statement without running it: rejects. */
  describe(): Promise<never> {
    const remedy = "Run the statement: `execute` gives its columns";
    return Promise.reject(notSupported("describe", "D1", remedy));
  }

  /** D1 looks after its own log: rejects. */
  checkpoint(): Promise<never> {
    return Promise.reject(notSupported("checkpoint", "D1", "D1 looks after its own log"));
  }

  /** D1 keeps its own history: rejects. */
  backup(): Promise<never> {
    const remedy = "Use Time Travel, or `wrangler d1 export`";
    return Promise.reject(notSupported("backup", "D1", remedy));
  }

  /**
   * Refuses new calls. Those under way are answered; nobody has to wait for them, since nothing is
   * held open.
   *
   * @param options are checked, as everywhere.
   */
  close(options?: CloseOptions): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    try {
      checkOptions(options, ["timeoutMs", "drain"]);
      this.#parts.closed = true;
      return this.#closed = Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Closes the database at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function noPool(counters: Counters): PoolStats {
  const gauges = { poolSize: 0, size: 0, idle: 0, inUse: 0, opening: 0, waiting: 0 };
  return { ...gauges, ...counters, busyRetries: 0 };
}
