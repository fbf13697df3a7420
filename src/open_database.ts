/**
 * Opens a database, wherever it is. What that takes is loaded when it is called.
 *
 * @module
 */

import type { Row } from "./sqlite/types.ts";
import type { Database } from "./database/database.ts";
import { openDatabase as openFile } from "./database/open_database.ts";
import type { DatabaseOptions } from "./database/options.ts";
import { isRemoteLocation } from "./remote/location.ts";
import type { EmbeddedDatabase } from "./remote/embedded.ts";
import type {
  ClusterLocation,
  EmbeddedOptions,
  RemoteOptions,
  RemoteUrl,
} from "./remote/options.ts";
import type { RemoteDatabase } from "./remote/remote_database.ts";

/**
 * Opens a database on a libSQL server, or on a primary with replicas.
 *
 * @param location `libsql:`, `https:`, `http:`, `wss:` or `ws:`, or `{ primary, replicas }`.
 * @param options see {@linkcode RemoteOptions}.
 * @throws {PoolConnectionOpenError} when no server can be reached, or what answers is none.
 * @throws {SQLiteError} when the server refuses the token.
 * @throws {TypeError | RangeError} for an invalid location or option, which the message names.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 *
 * async function main(authToken: string): Promise<void> {
 *   const db = await openDatabase("libsql://app.example.org", { authToken });
 *   await db.run("INSERT INTO users (name) VALUES (?)", ["Alice"]);
 *   console.log(await db.get("SELECT name FROM users WHERE id = ?", [1]));
 *   await db.close();
 * }
 * ```
 */
export function openDatabase<R = Row>(
  location: RemoteUrl | ClusterLocation,
  options?: RemoteOptions<R>,
): Promise<RemoteDatabase<R>>;
/**
 * Opens a database on a server whose URL is known when the program runs.
 *
 * @param location a URL with one of the schemes of servers.
 * @param options see {@linkcode RemoteOptions}; `authToken` tells it from a file.
 */
export function openDatabase<R = Row>(
  location: string | URL,
  options: RemoteOptions<R> & Required<Pick<RemoteOptions<R>, "authToken">>,
): Promise<RemoteDatabase<R>>;
/**
 * Opens an embedded replica: a file of this machine that follows a server. It takes
 * `@libsql/client`.
 *
 * @param location a path or a `file:` URL.
 * @param options see {@linkcode EmbeddedOptions}.
 * @throws {PoolConnectionOpenError} when the package is missing, or the server cannot be reached.
 */
export function openDatabase<R = Row>(
  location: string | URL,
  options: EmbeddedOptions<R>,
): Promise<EmbeddedDatabase<R>>;
/**
 * Opens a database with one writer and many readers.
 *
 * @param location a path, a `file:` URL, or `":memory:"` (one connection for everything).
 * @param options see {@linkcode DatabaseOptions}.
 * @throws {SQLiteError} if it cannot be opened; the message says why.
 * @throws {PoolConnectionOpenError} if opening takes longer than `operationTimeoutMs`.
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
export function openDatabase<R = Row>(
  location: string | URL,
  options?: DatabaseOptions<R>,
): Promise<Database<R>>;
/**
 * Opens a database, wherever it is.
 *
 * @param location where it is.
 * @param options those of the place.
 */
export async function openDatabase<R>(
  location: string | URL | ClusterLocation,
  options?: DatabaseOptions<R> | RemoteOptions<R> | EmbeddedOptions<R>,
): Promise<Database<R>> {
  if (typeof options === "object" && options !== null && "syncUrl" in options) {
    const { EmbeddedDatabase } = await import("./remote/embedded.ts");
    return await EmbeddedDatabase.open(location as string, options);
  }
  if (!isRemoteLocation(location)) {
    return await openFile(location as string | URL, options as DatabaseOptions<R>);
  }
  const { openRemote } = await import("./remote/remote.ts");
  return await openRemote(location as ClusterLocation, options as RemoteOptions<R>);
}
