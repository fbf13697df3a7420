/**
 * The SQLite drivers built into the runtimes, as raw handles.
 * The list is the same on each runtime, so that the tests are too: skip what is `unavailable`.
 */

import process from "node:process";

import { runtimeName } from "./runtime.ts";

export interface NativeStatement {
  all(...params: unknown[]): unknown[];
  get(...params: unknown[]): unknown;
  run(...params: unknown[]): unknown;
}

export interface NativeHandle {
  exec(sql: string): unknown;
  prepare(sql: string): NativeStatement;
  close(): void;
}

export interface NativeDriver {
  readonly name: "node-sqlite" | "bun-sqlite";
  /** Why this runtime does not have it. */
  readonly unavailable: string | undefined;
  open(path: string, options?: { readonly?: boolean }): NativeHandle;
}

type Constructor = new (path: string, options?: object) => NativeHandle;

function builtin<Name extends string>(module: string): Record<Name, Constructor> | undefined {
  // Each runtime knows only its own modules, so they cannot be imported statically.
  return process.getBuiltinModule(module) as Record<Name, Constructor> | undefined;
}

const nodeSqlite = builtin<"DatabaseSync">("node:sqlite");
const bunSqlite = builtin<"Database">("bun:sqlite");

export const nativeDrivers: readonly NativeDriver[] = [
  {
    name: "node-sqlite",
    unavailable: nodeSqlite === undefined ? "no node:sqlite on this runtime" : undefined,
    open: (path, options) =>
      new nodeSqlite!.DatabaseSync(path, { readOnly: options?.readonly ?? false }),
  },
  {
    name: "bun-sqlite",
    unavailable: bunSqlite === undefined ? "only Bun has bun:sqlite" : undefined,
    open: (path, options) =>
      options?.readonly
        ? new bunSqlite!.Database(path, { readonly: true })
        : new bunSqlite!.Database(path),
  },
];

const ownName = runtimeName() === "bun" ? "bun-sqlite" : "node-sqlite";

/** The runtime's own driver. */
export const nativeDriver: NativeDriver = nativeDrivers.find(({ name }) => name === ownName)!;
