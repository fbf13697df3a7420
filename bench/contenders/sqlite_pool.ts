/** @matteo.collina/sqlite-pool: better-sqlite3 in the main thread behind @databases' interface. */

import type { Open, Params } from "./contender.ts";
import { pragmasOf } from "./contender.ts";
import { templateOf } from "./bun_sql.ts";
import { loadCommonJs } from "./load.ts";

interface Queryable {
  query(query: object): Promise<unknown[]>;
}

interface Pool extends Queryable {
  tx(work: (tx: Queryable) => Promise<unknown>): Promise<unknown>;
  dispose(): Promise<void>;
}

interface SqlitePool {
  readonly sql: (strings: TemplateStringsArray, ...values: unknown[]) => object;
  createConnectionPool(
    path: string,
    options: object,
    poolOptions: { maxSize: number; onActive(connection: SyncConnection): void },
  ): Pool;
}

/** The connection inside. */
interface SyncConnection {
  query(query: object): unknown[];
}

export const open: Open = async (options) => {
  const { createConnectionPool, sql } = loadCommonJs<SqlitePool>("@matteo.collina/sqlite-pool");
  const isSetUp = new WeakSet<SyncConnection>();
  const pool = createConnectionPool(options.path, {}, {
    maxSize: options.readers,
    // Called before each use: it has no hook for new connections.
    onActive(connection) {
      if (isSetUp.has(connection)) return;
      isSetUp.add(connection);
      for (const pragma of pragmasOf(options)) connection.query(sql(templateOf(pragma)));
    },
  });
  const query = (on: Queryable, text: string, params: Params): Promise<unknown[]> =>
    on.query(sql(templateOf(text), ...params));
  return {
    get: (text) => async (params) => (await query(pool, text, params))[0],
    all: (text) => (params) => query(pool, text, params),
    run: (text) => (params) => query(pool, text, params),
    batch: (statements) =>
      pool.tx(async (tx) => {
        for (const { sql: text, params } of statements) await query(tx, text, params);
      }),
    transaction: (work) =>
      pool.tx((tx) =>
        work({
          get: async (text, params) => (await query(tx, text, params))[0],
          run: (text, params) => query(tx, text, params),
        })
      ),
    close: () => pool.dispose(),
  };
};
