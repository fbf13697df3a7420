/**
 * What the dialect asks of a database or a pool.
 *
 * @module
 */

import type { Connection } from "../../src/connections/connection.ts";
import type { SQLiteConnectionPool } from "../../src/connections/connection_pool.ts";
import type { PooledConnection } from "../../src/connections/leased_connection.ts";
import type { Database } from "../../src/database/database.ts";
import type { BindParams, ResultSet, Row } from "../../src/sqlite/types.ts";

/** How a call waits. */
export interface Wait {
  readonly signal?: AbortSignal | undefined;
}

/** How a transaction runs. */
export interface TransactionWait extends Wait {
  /** Whether it only reads: on a reader, in the state that the database has when it begins. */
  readonly readonly: boolean;
}

/** Where the dialect runs its statements. */
export interface Target {
  /** Whether there is a single connection, for which reads wait too while somebody has it. */
  readonly oneConnection: boolean;
  /** Runs a statement that only reads. */
  all(sql: string, params: BindParams, wait: Wait): Promise<Row[]>;
  /** The same, row by row. */
  iterate(sql: string, params: BindParams, wait: Wait): AsyncIterableIterator<Row>;
  /** Runs a statement that writes. */
  run(sql: string, params: BindParams, wait: Wait): Promise<ResultSet>;
  /** Runs a callback in a transaction. A signal that aborts ends it. */
  transaction(
    callback: (connection: Connection) => Promise<void>,
    options: TransactionWait,
  ): Promise<void>;
  /** Lends a connection that writes. */
  lend(wait: Wait): Promise<PooledConnection>;
  /** Waits until no other migrations run. Call what it returns when these are done. */
  lockMigrations(): Promise<() => void>;
  close(): Promise<void>;
}

/** One writer and many readers. */
export class DatabaseTarget implements Target {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get oneConnection(): boolean {
    return this.#database.path === ":memory:";
  }

  all(sql: string, params: BindParams, wait: Wait): Promise<Row[]> {
    return this.#database.all(sql, params, wait);
  }

  iterate(sql: string, params: BindParams, wait: Wait): AsyncIterableIterator<Row> {
    return this.#database.iterate(sql, params, wait);
  }

  run(sql: string, params: BindParams, wait: Wait): Promise<ResultSet> {
    return this.#database.run(sql, params, wait);
  }

  transaction(
    callback: (connection: Connection) => Promise<void>,
    { readonly, signal }: TransactionWait,
  ): Promise<void> {
    return readonly
      ? this.#database.read(callback, { signal })
      : this.#database.write(callback, { signal });
  }

  lend(wait: Wait): Promise<PooledConnection> {
    return this.#database.connection({ ...wait, write: true });
  }

  lockMigrations(): Promise<() => void> {
    // There is only one writer.
    return Promise.resolve(() => {});
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

/** For each pool: settles when those who wait to migrate, and who migrates, are done. */
const migrations = new WeakMap<SQLiteConnectionPool, Promise<void>>();

/** Equal connections. */
export class PoolTarget implements Target {
  readonly #pool: SQLiteConnectionPool;

  constructor(pool: SQLiteConnectionPool) {
    this.#pool = pool;
  }

  get oneConnection(): boolean {
    return this.#pool.stats.poolSize === 1;
  }

  all(sql: string, params: BindParams, wait: Wait): Promise<Row[]> {
    return this.#pool.all(sql, params, wait);
  }

  async *iterate(sql: string, params: BindParams, wait: Wait): AsyncGenerator<Row> {
    const connection = await this.lend(wait);
    try {
      yield* connection.iterate(sql, params);
    } finally {
      await connection.release();
    }
  }

  run(sql: string, params: BindParams, wait: Wait): Promise<ResultSet> {
    return this.#pool.run(sql, params, wait);
  }

  async transaction(
    callback: (connection: Connection) => Promise<void>,
    { readonly, signal }: TransactionWait,
  ): Promise<void> {
    const connection = await this.lend({ signal });
    const discard = (): void => void connection.discard();
    signal?.addEventListener("abort", discard);
    try {
      await connection.transaction(callback, { mode: readonly ? "deferred" : "immediate" });
    } finally {
      signal?.removeEventListener("abort", discard);
      await connection.release();
    }
  }

  lend(wait: Wait): Promise<PooledConnection> {
    return this.#pool.connection(wait);
  }

  async lockMigrations(): Promise<() => void> {
    const before = migrations.get(this.#pool);
    const { promise, resolve } = Promise.withResolvers<void>();
    migrations.set(this.#pool, promise);
    await before;
    return resolve;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
