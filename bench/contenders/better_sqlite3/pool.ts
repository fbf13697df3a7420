/** better-sqlite3-pool: a writer and reader threads over better-sqlite3-multiple-ciphers. */

import type { Open, Params } from "../contender.ts";
import { pragmasOf } from "../contender.ts";
import { loadCommonJs } from "../load.ts";

interface PoolStatement {
  get(...params: Params): Promise<unknown>;
  all(...params: Params): Promise<unknown[]>;
  run(...params: Params): Promise<unknown>;
}

interface PoolDatabase {
  prepare(sql: string): PoolStatement;
  pragma(text: string): Promise<unknown>;
  transaction<A extends unknown[]>(
    work: (...args: A) => Promise<unknown>,
  ): (...args: A) => Promise<unknown>;
  close(): Promise<void>;
}

interface BetterSqlite3Pool {
  readonly Database: {
    create(
      path: string,
      options: { minWorkers: number; maxWorkers: number },
    ): Promise<PoolDatabase>;
  };
}

export const open: Open = async (options) => {
  const { Database } = loadCommonJs<BetterSqlite3Pool>("better-sqlite3-pool");
  const db = await Database.create(options.path, { minWorkers: 2, maxWorkers: options.readers });
  for (const pragma of pragmasOf(options)) await db.pragma(pragma.replace("PRAGMA ", ""));
  const run = (sql: string, params: Params): Promise<unknown> => db.prepare(sql).run(...params);
  return {
    get: (sql) => {
      const statement = db.prepare(sql);
      return (params) => statement.get(...params);
    },
    all: (sql) => {
      const statement = db.prepare(sql);
      return (params) => statement.all(...params);
    },
    run: (sql) => {
      const statement = db.prepare(sql);
      return (params) => statement.run(...params);
    },
    batch: (statements) =>
      db.transaction(async () => {
        for (const { sql, params } of statements) await run(sql, params);
      })(),
    transaction: (work) =>
      db.transaction(() => work({ get: (sql, params) => db.prepare(sql).get(...params), run }))(),
    close: () => db.close(),
  };
};
