/**
 * The modules of drivers that runtimes bring along.
 *
 * @module
 */

import { detectRuntime } from "../src/sqlite/runtime.ts";

/**
 * A module of the runtime: asked for by name, so that no bundler goes and looks for it.
 *
 * @param name The name of the module, such as `"node:sqlite"`.
 * @throws {TypeError} The runtime does not have it.
 */
export function builtinModule(name: "node:sqlite" | "bun:sqlite"): unknown {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  };
  const module = process?.getBuiltinModule?.(name);
  if (module !== undefined) return module;
  throw new TypeError(
    `This runtime (${detectRuntime()}) has no ${name}. Pass another driver to openDatabase.`,
  );
}

/**
 * The SQLite library behind one of these modules. Bun has one behind both.
 *
 * @param name The name of the module.
 */
export function builtinLibrary(name: string): string {
  return detectRuntime() === "bun" ? "Bun's SQLite" : name;
}
