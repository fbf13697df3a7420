/**
 * Modules of the runtime that are used when they are there, and never imported: this package
 * loads on runtimes that have none of them.
 *
 * @module
 */

import { detectRuntime } from "./runtime.ts";

/** What is used of `node:async_hooks`. */
export interface AsyncContext<T> {
  getStore(): T | undefined;
  run<R>(store: T, fn: () => R): R;
}

/** The async context in which it was made. */
export interface AsyncScope {
  runInAsyncScope<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    thisArg: unknown,
    ...args: A
  ): R;
}

/** What is used of `node:fs`: nothing that opens the file, which would drop SQLite's locks. */
export interface FileSystem {
  linkSync(path: string, newPath: string): void;
  renameSync(path: string, newPath: string): void;
  rmSync(path: string, options: { force: true }): void;
  accessSync(path: string, mode: number): void;
  readonly constants: { readonly W_OK: number };
  statSync(
    path: string,
    options: { throwIfNoEntry: false; bigint: true },
  ): FileStatus | undefined;
}

/** What is used of a file's status. */
export interface FileStatus {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly birthtimeNs: bigint;
  readonly size: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
}

interface Builtins {
  "node:fs": FileSystem;
  "node:path": { readonly sep: string; resolve(folder: string, path: string): string };
  "node:sqlite": unknown;
  "bun:sqlite": unknown;
  "node:worker_threads": {
    readonly Worker: new (script: URL, options: object) => unknown;
    readonly parentPort: unknown;
    getEnvironmentData(key: string): unknown;
    setEnvironmentData?(key: string, value: unknown): void;
  };
  "node:async_hooks": {
    readonly AsyncLocalStorage: new <T>() => AsyncContext<T>;
    readonly AsyncResource: new (type: string) => AsyncScope;
  };
}

interface HostProcess {
  getBuiltinModule?(name: string): unknown;
  readonly versions?: { readonly node?: string };
}

/** The first version of Node whose node:sqlite has all that is used of it. */
const OLDEST_NODE: readonly [major: number, minor: number] = [22, 18];

/** A built-in module; `undefined` where the runtime has not got it. */
export function builtin<N extends keyof Builtins>(name: N): Builtins[N] | undefined {
  const { process } = globalThis as { process?: HostProcess };
  return process?.getBuiltinModule?.(name) as Builtins[N] | undefined;
}

/**
 * A module of the runtime: asked for by name, so that no bundler goes and looks for it.
 *
 * @param name The name of the module, such as `"node:sqlite"`.
 * @throws {TypeError} The runtime does not have it.
 */
export function builtinModule(name: "node:sqlite" | "bun:sqlite"): unknown {
  const runtime = detectRuntime();
  const { node = "" } = (globalThis as { process?: HostProcess }).process?.versions ?? {};
  if (name === "node:sqlite" && runtime === "node" && isTooOld(node)) {
    throw new TypeError(
      `node:sqlite needs Node ${OLDEST_NODE.join(".")} or later; this is Node ${node}. Update ` +
        "Node, or pass another driver to openDatabase.",
    );
  }
  // workerd has a node:sqlite with which nothing can be opened.
  const module = runtime === "workerd" ? undefined : builtin(name);
  if (module !== undefined) return module;
  throw new TypeError(
    `This runtime (${runtime}) has no ${name}. Pass another driver to openDatabase.`,
  );
}

function isTooOld(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/**
 * The SQLite library behind one of these modules. Bun has one behind both.
 *
 * @param name The name of the module.
 */
export function builtinLibrary(name: string): string {
  return detectRuntime() === "bun" ? "Bun's SQLite" : name;
}

/** The status of a file; `undefined` when there is none, or no way to know. */
export function fileStatus(path: string): FileStatus | undefined {
  try {
    return builtin("node:fs")?.statSync(path, { throwIfNoEntry: false, bigint: true });
  } catch {
    // A folder that may not be searched, or a link that leads to itself: SQLite will say so.
    return undefined;
  }
}

/** Whether the process may write to a file or directory; true where there is no way to know. */
export function isWritable(path: string): boolean {
  const files = builtin("node:fs");
  try {
    files?.accessSync(path, files.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A path that means the same file wherever the process goes.
 *
 * @param folder where a relative path begins; `undefined` leaves it as it is.
 */
export function absolutePath(path: string, folder: string | undefined): string {
  if (folder === undefined) return path;
  const paths = builtin("node:path");
  if (paths?.sep === "\\") return paths.resolve(folder, path);
  // Not resolved: "link/../app.db" is beside what the link leads to.
  return path.startsWith("/") ? path : `${folder}/${path.replace(/^(\.\/+)+/, "")}`;
}
