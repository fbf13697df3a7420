/**
 * Limits the memory of a process.
 *
 * @module
 */

import type { SyncConnection } from "../../driver/sync_connection.ts";
import { builtin } from "../../platform/builtin.ts";

interface Globals {
  readonly process: { readonly pid: number };
}

const MIB = 2 ** 20;

/** Where Linux tells how much data a process has, and what can change the limit of that. */
const STATUS = "/proc/self/status";
const PATH = "/usr/bin:/bin:/usr/sbin:/sbin";

/**
 * Limits the memory that the process may use from now on. Where the limit is reached, a statement
 * fails with SQLITE_NOMEM, or the process ends.
 *
 * @param limit In bytes.
 * @returns Whether the system can do that.
 */
export function limitMemory(limit: number): boolean {
  const { process } = globalThis as unknown as Globals;
  try {
    const status = builtin("node:fs")!.readFileSync(STATUS, "utf8");
    const used = Number(/^VmData:\s+(\d+) kB$/m.exec(status)![1]) * 1_024;
    builtin("node:child_process")!.execFileSync(
      "prlimit",
      ["--pid", String(process.pid), `--data=${used + limit}`],
      { env: { PATH }, stdio: "ignore" },
    );
    return true;
  } catch {
    return false;
  }
}

/**
 * Limits the memory of SQLite, which then fails with SQLITE_NOMEM.
 *
 * @returns Whether this build of SQLite can do that.
 */
export function limitHeap(connection: SyncConnection, limit: number): boolean {
  connection.executeSync(`PRAGMA hard_heap_limit = ${limit}`);
  const { rows } = connection.executeSync("PRAGMA compile_options");
  return !rows.some((row) => Object.values(row).includes("DEFAULT_MEMSTATUS=0"));
}

/** Explains that a limit cannot be kept. */
export function cannotLimit(limit: number): Error {
  return new TypeError(
    `memoryLimitMb: ${limit / MIB} cannot be kept here: it needs Linux and the program prlimit ` +
      "(of the package util-linux), or a build of SQLite that counts its memory. Leave it out.",
  );
}
