/**
 * Opens a database: one writer, many readers, the runtime's own driver. Its code is loaded on the
 * first call, so that programs that use only the pool do not load it.
 *
 * @module
 */

import { workingDirectory } from "../platform/surroundings.ts";
import type { Row } from "../sqlite/types.ts";
import type { Database } from "./database.ts";
import type { DatabaseOptions } from "./options.ts";

/**
 * Opens a database with one writer and many readers.
 *
 * @param location a path, a `file:` URL, or `":memory:"` (one connection for everything).
 * @param options see {@linkcode DatabaseOptions}.
 * @throws {SQLiteError} if it cannot be opened; the message says why.
 * @throws {SQLiteLibraryConflictError} if another SQLite library in this process has it open.
 * @throws {TypeError | RangeError} for an invalid location or option, which the message names.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 *
 * const db = await openDatabase("app.db", { readers: 4 });
 * await db.run("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT)");
 * await db.run("INSERT INTO users (name) VALUES (?)", ["Alice"]);
 * console.log(await db.get("SELECT name FROM users WHERE id = ?", [1]));
 * await db.close();
 * ```
 */
export async function openDatabase<R = Row>(
  location: string | URL,
  options: DatabaseOptions<R> = {},
): Promise<Database<R>> {
  // Taken before any await, since the process may change its directory.
  const folder = workingDirectory();
  const { open } = await import("./open.ts");
  return await open(location, folder, options);
}
