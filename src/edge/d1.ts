/**
 * Databases on Cloudflare D1.
 *
 * @example
 * ```ts
 * import { type D1Handle, openD1 } from "@sqlitepool/pool/d1";
 *
 * export default {
 *   async fetch(request: Request, env: { DB: D1Handle }): Promise<Response> {
 *     const db = openD1(env.DB);
 *     const id = Number(new URL(request.url).searchParams.get("id"));
 *     const [user, posts] = await Promise.all([
 *       db.get("SELECT * FROM users WHERE id = ?", [id]),
 *       db.all("SELECT * FROM posts WHERE author = ?", [id]),
 *     ]); // one request to D1
 *     return Response.json({ user, posts });
 *   },
 * };
 * ```
 *
 * @module
 */

import type { D1Handle } from "../../adapters/d1/handle.ts";
import type { Row } from "../sqlite/types.ts";
import { DatabaseOnD1 } from "./d1_database.ts";
import { checkBinding, type D1Options, resolveD1Options } from "./d1_options.ts";

export type {
  D1Handle,
  D1PreparedStatement,
  D1Queries,
  D1Result,
  D1Session,
} from "../../adapters/d1/handle.ts";
export type { D1Options, D1Stats } from "./d1_options.ts";
export type { DatabaseOnD1 } from "./d1_database.ts";
export type { SessionOnD1 } from "./d1_session.ts";
export type { WatchOptions } from "./watches.ts";

/**
 * Opens a database on D1. That takes no request and holds nothing, so that each request can have a
 * database of its own, or all of them one.
 *
 * @param binding Such as `env.DB`.
 * @param options see {@linkcode D1Options}.
 * @throws {TypeError | RangeError} for anything but a binding, and for a bad option, naming it.
 */
export function openD1<R = Row>(binding: D1Handle, options: D1Options<R> = {}): DatabaseOnD1<R> {
  checkBinding(binding);
  return new DatabaseOnD1(binding, resolveD1Options(options));
}
