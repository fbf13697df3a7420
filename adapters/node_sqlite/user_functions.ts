/**
 * Whether SQL can call functions of the user. On Deno, `all` of a statement whose function throws
 * runs the statement again, for ever; `get`, `run` and `iterate` throw.
 *
 * @module
 */

import { builtinModule } from "../../src/platform/builtins.ts";
import { detectRuntime } from "../../src/platform/runtime.ts";
import type { NodeSqliteHandle } from "./handle.ts";

/** Tells whether a handle has functions that may throw in `all`, now and later. */
export interface UserFunctions {
  /** Whether there are any. */
  readonly present: boolean;
}

/** What defines functions on a handle, where the version of the driver has it. */
type Definer = "function" | "aggregate";

type Definers = Partial<Record<Definer, (...args: unknown[]) => unknown>>;

/** How many functions a new handle has that are no part of SQLite's core. */
let ownFunctions: number | undefined;

const noFunctions: UserFunctions = { present: false };

/**
 * Looks for functions of the user, and notices those that are yet to come.
 *
 * @param handle An open handle.
 */
export function watchUserFunctions(handle: NodeSqliteHandle): UserFunctions {
  if (detectRuntime() !== "deno") return noFunctions;
  const functions = { present: hasFunctions(handle) };
  const definers = handle as unknown as Definers;
  for (const name of ["function", "aggregate"] as const) {
    const define = definers[name];
    if (typeof define !== "function") continue;
    definers[name] = (...args) => {
      functions.present = true;
      return define.apply(handle, args);
    };
  }
  return functions;
}

function hasFunctions(handle: NodeSqliteHandle): boolean {
  try {
    ownFunctions ??= countFunctionsOfNewHandle();
    return countFunctions(handle) > ownFunctions;
  } catch {
    // A fault of the handle, which its first statement will tell of.
    return false;
  }
}

function countFunctionsOfNewHandle(): number {
  const { DatabaseSync } = builtinModule("node:sqlite") as {
    readonly DatabaseSync: new (path: string) => NodeSqliteHandle;
  };
  const handle = new DatabaseSync(":memory:");
  try {
    return countFunctions(handle);
  } finally {
    handle.close();
  }
}

function countFunctions(handle: NodeSqliteHandle): number {
  const sql = "SELECT count(*) AS count FROM pragma_function_list WHERE NOT builtin";
  return Number((handle.prepare(sql).get() as { readonly count: number | bigint }).count);
}
