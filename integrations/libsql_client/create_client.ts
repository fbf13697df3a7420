/**
 * The interface of `@libsql/client` over a pool.
 *
 * @example
 * ```ts
 * import { createClient } from "@sqlitepool/pool/libsql-client";
 *
 * const client = createClient({ url: "file:app.db" });
 * await client.execute("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT)");
 * await client.execute("INSERT INTO users (name) VALUES (?)", ["Alice"]);
 * console.log((await client.execute("SELECT name FROM users")).rows);
 * client.close();
 * ```
 *
 * @module
 */

import type { Client, Config } from "@libsql/client";
import type { Database } from "../../mod.ts";
import { PooledClient } from "./client.ts";
import { placeOf } from "./config.ts";

export { LibsqlBatchError, LibsqlError } from "./errors.ts";

/**
 * Makes a client with the interface of `@libsql/client` over a pool: for tools that take such a
 * client, such as `drizzle-orm/libsql`.
 *
 * @param source the configuration of a client, whose database it opens and closes; or a
 *   {@linkcode Database}, which stays open when the client is closed.
 * @returns the client. What it is to open shows with its first call.
 * @throws {LibsqlError} for a URL that it cannot open.
 */
export function createClient(source: Config | Database<unknown>): Client {
  if (isDatabase(source)) {
    const open = (): Promise<Database<unknown>> => Promise.resolve(source);
    const protocol = /^[a-z]+:\/\//.test(source.path) ? "http" : "file";
    return new PooledClient({ protocol, intMode: "number", open, owned: false });
  }
  return new PooledClient({ ...placeOf(source), owned: true });
}

function isDatabase(source: Config | Database<unknown>): source is Database<unknown> {
  return typeof source === "object" && source !== null && "executeScript" in source;
}
