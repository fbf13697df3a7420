/** npm's sqlite3 behind the two pools that its users take: generic-pool and tarn. */

import type { Contender, Open, OpenOptions, Params, Statement, Transaction } from "./contender.ts";
import { pragmasOf } from "./contender.ts";
import { load } from "./load.ts";

type Done<T> = (error: Error | null, result: T) => void;

interface Connection {
  get(sql: string, params: Params, done: Done<unknown>): void;
  all(sql: string, params: Params, done: Done<unknown>): void;
  run(sql: string, params: Params, done: Done<unknown>): void;
  exec(sql: string, done: Done<unknown>): void;
  close(done: Done<unknown>): void;
}

interface Sqlite3 {
  readonly default: { readonly Database: new (path: string, done: Done<void>) => Connection };
}

/** The two pools' common part. */
interface Pool {
  acquire(): Promise<Connection>;
  release(connection: Connection): void | Promise<void>;
  close(): Promise<unknown>;
}

interface Factory {
  create(): Promise<Connection>;
  destroy(connection: Connection): Promise<void>;
}

type Method = "get" | "all" | "run";

const ask = (db: Connection, method: Method, sql: string, params: Params): Promise<unknown> =>
  new Promise((resolve, reject) => {
    db[method](sql, params, (error, result) => error ? reject(error) : resolve(result));
  });

const exec = (db: Connection, sql: string): Promise<void> =>
  new Promise((resolve, reject) => db.exec(sql, (error) => error ? reject(error) : resolve()));

async function factoryOf(options: OpenOptions): Promise<Factory> {
  const { default: sqlite3 } = await load<Sqlite3>("sqlite3");
  return {
    async create() {
      const db = await new Promise<Connection>((resolve, reject) => {
        const opened: Connection = new sqlite3.Database(
          options.path,
          (error) => error ? reject(error) : resolve(opened),
        );
      });
      await exec(db, pragmasOf(options).join(";"));
      return db;
    },
    destroy: (db) =>
      new Promise((resolve, reject) => db.close((error) => error ? reject(error) : resolve())),
  };
}

function over(pool: Pool): Contender {
  const lease = async <T>(work: (db: Connection) => Promise<T>): Promise<T> => {
    const db = await pool.acquire();
    try {
      return await work(db);
    } finally {
      await pool.release(db);
    }
  };
  const call = (method: Method) => (sql: string) => (params: Params) =>
    lease((db) => ask(db, method, sql, params));
  const transaction = (work: (tx: Transaction) => Promise<unknown>): Promise<unknown> =>
    lease(async (db) => {
      await exec(db, "BEGIN IMMEDIATE");
      try {
        await work({
          get: (sql, params) => ask(db, "get", sql, params),
          run: (sql, params) => ask(db, "run", sql, params),
        });
        await exec(db, "COMMIT");
      } catch (error) {
        await exec(db, "ROLLBACK");
        throw error;
      }
    });
  return {
    get: call("get"),
    all: call("all"),
    run: call("run"),
    batch: (statements: readonly Statement[]) =>
      transaction(async (tx) => {
        for (const { sql, params } of statements) await tx.run(sql, params);
      }),
    transaction,
    close: () => pool.close(),
  };
}

interface GenericPool {
  readonly default: {
    createPool(factory: Factory, options: { max: number; min: number }): {
      acquire(): Promise<Connection>;
      release(connection: Connection): Promise<void>;
      drain(): Promise<void>;
      clear(): Promise<void>;
    };
  };
}

export const openGenericPool: Open = async (options) => {
  const { default: genericPool } = await load<GenericPool>("generic-pool");
  const size = { max: options.readers, min: 2 };
  const pool = genericPool.createPool(await factoryOf(options), size);
  return over({
    acquire: () => pool.acquire(),
    release: (db) => pool.release(db),
    close: () => pool.drain().then(() => pool.clear()),
  });
};

interface Tarn {
  readonly Pool: new (options: Factory & { min: number; max: number }) => {
    acquire(): { readonly promise: Promise<Connection> };
    release(connection: Connection): boolean;
    destroy(): Promise<unknown>;
  };
}

export const openTarn: Open = async (options) => {
  const { Pool } = await load<Tarn>("tarn");
  const pool = new Pool({ ...await factoryOf(options), min: 2, max: options.readers });
  return over({
    acquire: () => pool.acquire().promise,
    release: (db) => void pool.release(db),
    close: () => pool.destroy(),
  });
};
