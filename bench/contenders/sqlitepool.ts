/** This package, in the forms that its documentation offers. */

import process from "node:process";

import type { Database, Execution, SQLiteConnectionPool } from "../../mod.ts";
import { nativeDriver } from "../../tests/helpers/drivers.ts";
import { type Contender, type Open, type OpenOptions, pragmasOf } from "./contender.ts";

/** The built package when the benchmark runs on one, else the sources. */
const entry: string = process.env.BENCH_ENTRY ?? new URL("../../mod.ts", import.meta.url).href;

async function openFront(
  { path, synchronous, readers }: OpenOptions,
  execution: Execution,
): Promise<Database> {
  const { openDatabase } = await import(entry) as typeof import("../../mod.ts");
  return await openDatabase(path, {
    readers,
    execution,
    durability: synchronous === "FULL" ? "full" : "normal",
    onWarning: () => {},
  });
}

function front(db: Database): Contender {
  return {
    get: (sql) => (params) => db.get(sql, params),
    all: (sql) => (params) => db.all(sql, params),
    run: (sql) => (params) => db.run(sql, params),
    batch: (statements) => db.batch(statements),
    transaction: (work) => db.write(work),
    close: () => db.close(),
  };
}

const openWith = (execution: Execution, readers?: number): Open => async (options) =>
  front(await openFront({ ...options, readers: readers ?? options.readers }, execution));

export const openInline: Open = openWith("inline");
export const openAuto: Open = openWith("auto", 2);
/** One thread reads, and one writes. */
export const openThread: Open = openWith("worker", 1);
export const openThreads: Open = openWith("worker", 2);

async function createPool(options: OpenOptions): Promise<SQLiteConnectionPool> {
  const { SQLiteConnectionPool } = await import(entry) as typeof import("../../mod.ts");
  // Its busy timeout is the pool's own affair.
  const pragmas = pragmasOf(options).filter((pragma) => !pragma.includes("busy_timeout"));
  return new SQLiteConnectionPool(() => nativeDriver.open(options.path), {
    poolSize: options.readers,
    onConnect: (conn) => conn.executeScript(pragmas.join(";")),
  });
}

export const openPool: Open = async (options) => {
  const pool = await createPool(options);
  return {
    get: (sql) => (params) => pool.get(sql, params),
    all: (sql) => (params) => pool.all(sql, params),
    run: (sql) => (params) => pool.run(sql, params),
    batch: (statements) =>
      pool.transaction(async (tx) => {
        for (const { sql, params } of statements) await tx.run(sql, params);
      }),
    transaction: (work) => pool.transaction(work),
    close: () => pool.close(),
  };
};

/** `execute`, which gives columns and counts beside the rows. */
export const openExecute: Open = async (options) => {
  const pool = await createPool(options);
  const call: Contender["get"] = (sql) => (params) => pool.execute(sql, params);
  return { get: call, all: call, run: call, close: () => pool.close() };
};

/** A lease for each statement. */
export const openLease: Open = async (options) => {
  const pool = await createPool(options);
  return {
    get: (sql) => (params) => pool.withConnection((conn) => conn.get(sql, params)),
    all: (sql) => (params) => pool.withConnection((conn) => conn.all(sql, params)),
    run: (sql) => (params) => pool.withConnection((conn) => conn.run(sql, params)),
    transaction: (work) => pool.withConnection((conn) => conn.transaction(work)),
    close: () => pool.close(),
  };
};
