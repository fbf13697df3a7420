/**
 * A pool that refuses what would wait for the transaction in whose callback it is called. A database
 * refuses it by itself.
 *
 * @module
 */

import type {
  BindParams,
  Connection,
  ResultSet,
  RowOptions,
  SQLiteConnectionPool,
  TransactionMode,
} from "../../mod.ts";
import { isInside, runInside } from "../../src/platform/reentrancy.ts";
import { classify } from "../../src/sqlite/classify.ts";
import { insideOwnTransaction } from "./errors.ts";
import type { Executor } from "./prepared_query.ts";

export class GuardedPool implements Executor {
  readonly #pool: SQLiteConnectionPool<unknown>;

  constructor(pool: SQLiteConnectionPool<unknown>) {
    this.#pool = pool;
  }

  async execute<T>(
    sql: string,
    params: BindParams,
    options: RowOptions<T>,
  ): Promise<ResultSet<T>> {
    this.#expectOutside(sql);
    return await this.#pool.execute(sql, params, options);
  }

  async get<T>(sql: string, params: BindParams, options: RowOptions<T>): Promise<T | undefined> {
    this.#expectOutside(sql);
    return await this.#pool.get(sql, params, options);
  }

  async transaction<T>(
    fn: (connection: Connection<unknown>) => Promise<T>,
    mode: TransactionMode,
  ): Promise<T> {
    const pool = this.#pool;
    if (isInside(pool)) throw insideOwnTransaction();
    // A deferred one has the write lock only once it has written.
    const waitedFor = mode !== "deferred" || this.#oneConnection;
    return await pool.transaction(
      waitedFor ? (connection) => runInside(pool, () => fn(connection)) : fn,
      { mode },
    );
  }

  get #oneConnection(): boolean {
    return this.#pool.stats.poolSize === 1;
  }

  #expectOutside(sql: string): void {
    if (!isInside(this.#pool)) return;
    if (this.#oneConnection || !classify(sql).reads) throw insideOwnTransaction();
  }
}
