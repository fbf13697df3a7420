/**
 * Databases on libSQL servers: one server, or a primary with replicas. `openDatabase` opens them
 * too; this entry point does without what only files take.
 *
 * @example
 * ```ts
 * import { openRemote } from "@sqlitepool/pool/remote";
 *
 * async function countUsers(url: string, authToken: string): Promise<unknown> {
 *   await using db = await openRemote(url, { authToken });
 *   return await db.get("SELECT count(*) AS users FROM users");
 * }
 * ```
 *
 * @module
 */

import type { Row } from "../sqlite/types.ts";
import {
  type ClusterLocation,
  type RemoteOptions,
  resolveLocation,
  resolveRemoteOptions,
} from "./options.ts";
import { RemoteDatabase } from "./remote_database.ts";

/**
 * Opens a database on a libSQL server, or on a primary with replicas. On Cloudflare Workers, and on
 * other runtimes that keep requests apart, nothing is sent before the first call: open it in the
 * global scope or once a request.
 *
 * @param location `libsql:`, `https:`, `http:`, `wss:` or `ws:` (all of them by HTTP), or
 *   `{ primary, replicas }`.
 * @param options see {@linkcode RemoteOptions}.
 * @throws {PoolConnectionOpenError} when no server can be reached, or what answers is none.
 * @throws {SQLiteError} when the server refuses the token.
 * @throws {TypeError | RangeError} for a bad location or option, naming it.
 *
 * @example
 * ```ts
 * import { openRemote } from "@sqlitepool/pool/remote";
 *
 * async function main(authToken: string): Promise<void> {
 *   const db = await openRemote(
 *     { primary: "http://a.internal:8080", replicas: ["http://b.internal:8080"] },
 *     { authToken },
 *   );
 *   await db.run("INSERT INTO users (name) VALUES (?)", ["Alice"]);
 *   console.log(await db.all("SELECT name FROM users")); // Alice is there, whoever is asked
 *   await db.close();
 * }
 * ```
 */
export async function openRemote<R = Row>(
  location: string | URL | ClusterLocation,
  options: RemoteOptions<R> = {},
): Promise<RemoteDatabase<R>> {
  const resolved = resolveRemoteOptions(options);
  const { authToken = resolved.authToken, ...urls } = resolveLocation(location);
  return await RemoteDatabase.open(urls, { ...resolved, authToken });
}
