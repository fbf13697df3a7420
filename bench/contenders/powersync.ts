/** @powersync/node: a writer thread and reader threads over better-sqlite3. */

import type { Open, Params } from "./contender.ts";
import { pragmasOf } from "./contender.ts";
import { load } from "./load.ts";

interface Context {
  getOptional(sql: string, params: Params): Promise<unknown>;
  getAll(sql: string, params: Params): Promise<unknown[]>;
  execute(sql: string, params?: Params): Promise<unknown>;
}

interface PowerSyncDatabase extends Context {
  init(): Promise<void>;
  writeTransaction(work: (tx: Context) => Promise<unknown>): Promise<unknown>;
  close(): Promise<void>;
}

interface PowerSync {
  readonly Schema: new (tables: object) => object;
  readonly PowerSyncDatabase: new (options: {
    schema: object;
    database: {
      dbFilename: string;
      readWorkerCount: number;
      initializeConnection(db: Context): Promise<void>;
    };
  }) => PowerSyncDatabase;
}

export const open: Open = async (options) => {
  const { PowerSyncDatabase, Schema } = await load<PowerSync>("@powersync/node");
  const db = new PowerSyncDatabase({
    // Tables that it does not synchronize are SQLite's own.
    schema: new Schema({}),
    database: {
      dbFilename: options.path,
      readWorkerCount: options.readers,
      async initializeConnection(conn) {
        for (const pragma of pragmasOf(options)) await conn.execute(pragma);
      },
    },
  });
  await db.init();
  return {
    get: (sql) => (params) => db.getOptional(sql, params),
    all: (sql) => (params) => db.getAll(sql, params),
    run: (sql) => (params) => db.execute(sql, params),
    batch: (statements) =>
      db.writeTransaction(async (tx) => {
        for (const { sql, params } of statements) await tx.execute(sql, params);
      }),
    transaction: (work) =>
      db.writeTransaction((tx) =>
        work({
          get: (sql, params) => tx.getOptional(sql, params),
          run: (sql, params) => tx.execute(sql, params),
        })
      ),
    close: () => db.close(),
  };
};
