/**
 * What is done with the modules of the runtime.
 *
 * @module
 */

import { builtin, type FileStatus } from "./builtin.ts";
import { detectRuntime } from "./runtime.ts";

interface HostProcess {
  readonly versions?: { readonly node?: string };
}

/** The oldest version of Node whose node:sqlite has every method used here. */
const OLDEST_NODE: readonly [major: number, minor: number] = [22, 18];

/**
 * Returns a built-in module by name, so that no bundler tries to resolve it.
 *
 * @param name The name of the module, such as `"node:sqlite"`.
 * @throws {TypeError} if the runtime does not have it.
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
  // workerd has a node:sqlite module that cannot open databases.
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
 * Returns the SQLite library behind one of these modules. On Bun both modules share one library.
 *
 * @param name The name of the module.
 */
export function builtinLibrary(name: string): string {
  return detectRuntime() === "bun" ? "Bun's SQLite" : name;
}

/** Returns the status of a file; `undefined` if there is none, or no way to find out. */
export function fileStatus(path: string): FileStatus | undefined {
  try {
    return builtin("node:fs")?.statSync(path, { throwIfNoEntry: false, bigint: true });
  } catch {
    // An inaccessible directory or a symbolic link loop, which SQLite will report.
    return undefined;
  }
}

/** Whether the process may write to a file or directory; true if there is no way to find out. */
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
 * Returns an absolute path, which stays valid after `process.chdir`.
 *
 * @param folder the base of a relative path; `undefined` leaves the path unchanged.
 */
export function absolutePath(path: string, folder: string | undefined): string {
  if (folder === undefined) return path;
  const paths = builtin("node:path");
  if (paths?.sep === "\\") return paths.resolve(folder, path);
  // Not normalized: "link/../app.db" is in the parent of the link's target.
  return path.startsWith("/") ? path : `${folder}/${path.replace(/^(\.\/+)+/, "")}`;
}

/** Returns the URL of an absolute path. */
export function fileUrlOf(path: string): string {
  const url = builtin("node:url")?.pathToFileURL(path) ?? new URL("file://" + encodeURI(path));
  return url.href;
}
