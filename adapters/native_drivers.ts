/**
 * The drivers that runtimes bring along, opened by location.
 *
 * @module
 */

import type { Driver, DriverOpenOptions } from "../src/sqlite/driver.ts";
import { SQLiteError } from "../src/sqlite/errors.ts";
import { codeFromMessage } from "../src/sqlite/result_codes.ts";
import { detectRuntime } from "../src/sqlite/runtime.ts";
import { adaptBunSqlite, type BunSqliteHandle } from "./bun_sqlite.ts";
import { codeOfName } from "./native_values.ts";
import { adaptNodeSqlite, type NodeSqliteHandle } from "./node_sqlite.ts";

type HandleClass<H> = new (path: string, options: object) => H;

interface Builtins {
  "node:sqlite": { readonly DatabaseSync: HandleClass<NodeSqliteHandle> };
  "bun:sqlite": { readonly Database: HandleClass<BunSqliteHandle> };
}

function load<N extends keyof Builtins>(name: N): Builtins[N] {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  };
  const module = process?.getBuiltinModule?.(name);
  if (module !== undefined) return module as Builtins[N];
  throw new TypeError(
    `This runtime (${detectRuntime()}) has no ${name}. Pass another driver to openDatabase.`,
  );
}

function attempt<H>(open: () => H): H {
  try {
    return open();
  } catch (error) {
    throw openError(error);
  }
}

/**
 * Makes an error of SQLite of what a driver threw when it opened a database: before there is a
 * connection, nobody else does.
 *
 * @param error What the driver threw.
 */
export function openError(error: unknown): SQLiteError {
  const { errcode, errno, code, message } = error as Error & {
    readonly errcode?: number;
    readonly errno?: number;
    readonly code?: unknown;
  };
  const named = String(code).startsWith("SQLITE_") ? codeOfName(String(code)) : undefined;
  const rawCode = errcode ?? errno ?? named ?? codeFromMessage(message);
  return new SQLiteError(message, rawCode, { cause: error });
}

/** Bun has one SQLite library behind both of its modules. */
const library = (name: string): string => detectRuntime() === "bun" ? "Bun's SQLite" : name;

/** node:sqlite: Node, Deno and Bun have it. */
export const nodeSqlite: Driver = {
  name: "node:sqlite",
  get library() {
    return library("node:sqlite");
  },
  open(path, { readonly, ...options }: DriverOpenOptions) {
    const { DatabaseSync } = load("node:sqlite");
    const open = () => new DatabaseSync(path, { readOnly: readonly, timeout: 0 });
    return adaptNodeSqlite(attempt(open), options);
  },
};

/** bun:sqlite, Bun's own. */
export const bunSqlite: Driver = {
  name: "bun:sqlite",
  get library() {
    return library("bun:sqlite");
  },
  open(path, { readonly, create, ...options }: DriverOpenOptions) {
    const { Database } = load("bun:sqlite");
    const access = readonly ? { readonly } : { readwrite: true, create };
    return adaptBunSqlite(attempt(() => new Database(path, access)), options);
  },
};

/** The driver to use where none is named: the runtime's own. */
export function nativeDriver(): Driver {
  return detectRuntime() === "bun" ? bunSqlite : nodeSqlite;
}
