/**
 * Detects user-defined SQL functions. On Deno, `all` runs a statement again forever if one of its
 * functions throws; `get`, `run` and `iterate` throw.
 *
 * @module
 */

import { builtinModule } from "../../src/platform/builtins.ts";
import { detectRuntime } from "../../src/platform/runtime.ts";
import type { NodeSqliteHandle } from "./handle.ts";

/** Whether a handle has user-defined functions, now and later. */
export interface UserFunctions {
  /** Whether there are any. */
  readonly present: boolean;
}

/** The methods that define functions on a handle, if this version of the driver has them. */
type Definer = "function" | "aggregate";

type Definers = Partial<Record<Definer, (...args: unknown[]) => unknown>>;

/** How many functions a new handle has beyond SQLite's built-in ones. */
let ownFunctions: number | undefined;

const noFunctions: UserFunctions = { present: false };

/**
 * Detects existing user functions and watches for new ones.
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
    // The handle is faulty, which its first statement will report.
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
