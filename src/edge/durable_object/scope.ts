/**
 * Who may use the one connection of a Durable Object: everybody, or a transaction and nobody else.
 *
 * @module
 */

import { DurableObjectConnection } from "../../../adapters/durable_object/adapter.ts";
import type { DurableObjectStorage } from "../../../adapters/durable_object/handle.ts";
import type { RowCursor } from "../../driver/sync_cursor.ts";
import { ConnectionReleasedError, SQLitePoolError } from "../../pool/errors.ts";

/** What a transaction may do. */
export type Access = "read" | "write";

/** What is counted, over all scopes of a database. */
export interface ScopeCounters {
  acquired: number;
  queued: number;
  /** Calls that wait now. */
  waiting: number;
  /** Transactions that are open, nested ones included. */
  inUse: number;
}

/**
 * A database, a transaction of it, or one nested in that. While a transaction is open the scope
 * around it waits: what ran beside it would be undone with it.
 */
export class Scope {
  /** One for each storage, whoever has opened a database on it: they have one connection. */
  static readonly #outermost = new WeakMap<DurableObjectStorage, Scope>();

  readonly connection: DurableObjectConnection;
  readonly counters: ScopeCounters;
  readonly access: Access;
  /** The cursors that this scope has opened. */
  readonly cursors: Set<RowCursor<unknown>> = new Set();
  readonly #parent: Scope | undefined;
  /** The transactions nested in this one, from the call on. */
  readonly #nested = new Set<Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  /** The transaction that is open. */
  #open: Scope | undefined;
  #ended: Error | undefined;

  constructor(
    connection: DurableObjectConnection,
    counters: ScopeCounters,
    access: Access = "write",
    parent?: Scope,
  ) {
    this.connection = connection;
    this.counters = counters;
    this.access = access;
    this.#parent = parent;
  }

  /** The scope of all databases that are open on a storage. */
  static of(storage: DurableObjectStorage): Scope {
    const known = Scope.#outermost.get(storage);
    if (known !== undefined) return known;

    const counters = { acquired: 0, queued: 0, waiting: 0, inUse: 0 };
    const scope = new Scope(new DurableObjectConnection(storage), counters);
    Scope.#outermost.set(storage, scope);
    return scope;
  }

  /** Whether calls are taken. */
  get active(): boolean {
    return this.#ended === undefined;
  }

  /** Whether a call would have to wait. */
  get isBusy(): boolean {
    return this.#open !== undefined || this.#waiting.length > 0;
  }

  /** Settles when the transactions that were called for are over. */
  async settled(): Promise<void> {
    while (this.#nested.size > 0) await Promise.allSettled(this.#nested);
  }

  /** Runs a call: in this very call, unless a transaction is open or others wait already. */
  enter<T>(work: () => T | Promise<T>): Promise<T> {
    const { counters } = this;
    counters.acquired += 1;
    if (!this.isBusy) return this.#attempt(work);
    counters.queued += 1;
    counters.waiting += 1;
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        counters.waiting -= 1;
        resolve(this.#attempt(work));
      });
    });
  }

  /**
   * Runs a callback in a transaction, inside a transaction in a savepoint. The callback may wait
   * for the database only.
   */
  transaction<T>(fn: (scope: Scope) => T | PromiseLike<T>, access: Access): Promise<T> {
    // Not before its turn: the platform would take it for a part of the transaction that is open.
    const call = this.enter(() => this.#transaction(fn, access));
    this.#nested.add(call);
    const forget = (): void => void this.#nested.delete(call);
    call.then(forget, forget);
    return call;
  }

  /** Ends the transaction before its callback has, with all transactions around it. */
  rollBack(error: Error): void {
    const parent = this.#parent;
    // The outermost scope is the database, which goes on.
    if (parent === undefined) return;
    this.#end(error);
    parent.rollBack(error);
  }

  #attempt<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      if (this.#ended !== undefined) throw this.#ended;
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #transaction<T>(
    fn: (scope: Scope) => T | PromiseLike<T>,
    access: Access,
  ): Promise<T> {
    const { connection, counters } = this;
    const scope = new Scope(connection, counters, access, this);
    try {
      return await connection.raw.transaction(() => {
        // Now, and not with the call: until the platform begins, others may still hold it.
        this.#open = scope;
        counters.inUse += 1;
        return scope.#run(fn);
      });
    } finally {
      if (this.#open === scope) {
        counters.inUse -= 1;
        this.#open = undefined;
        while (this.#open === undefined && this.#waiting.length > 0) this.#waiting.shift()!();
      }
    }
  }

  async #run<T>(fn: (scope: Scope) => T | PromiseLike<T>): Promise<T> {
    let state = "running" as "running" | "settled";
    const settle = (): void => {
      state = "settled";
    };
    const result = (async () => await fn(this))();
    result.then(settle, settle);
    try {
      for (;;) {
        await this.settled();
        // It begins when everything that waits for the database alone has gone as far as it can.
        await this.connection.raw.transaction(async () => {});
        if (this.#nested.size > 0) continue;
        if (state === "settled") break;
        throw waitsForOthers();
      }
      const value = await result;
      if (this.#ended !== undefined) throw this.#ended;
      return value;
    } finally {
      this.#end(isOver());
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const cursor of [...this.cursors]) cursor.cutOff(error);
  }
}

function isOver(): ConnectionReleasedError {
  return new ConnectionReleasedError(
    "The transaction of this connection is over. Await every call inside the callback, and keep " +
      "its connection to it.",
  );
}

function waitsForOthers(): SQLitePoolError {
  return new SQLitePoolError(
    "The callback of a transaction waits for something else than its own connection, while the " +
      "Durable Object stands still for it: it was rolled back. Fetch, sleep and wait for others " +
      "before the transaction, and use tx in place of db inside it.",
  );
}
