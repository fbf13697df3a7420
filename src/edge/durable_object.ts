/**
 * The SQLite database of a Durable Object.
 *
 * @example
 * ```ts
 * import { openDurableObject } from "@sqlitepool/pool/durable-object";
 * import type { DurableObjectStorage } from "@sqlitepool/pool/durable-object";
 *
 * async function countVisit(storage: DurableObjectStorage, page: string): Promise<unknown> {
 *   const db = openDurableObject(storage); // ctx.storage
 *   return await db.write(async (tx) => {
 *     await tx.run("INSERT INTO visits (page) VALUES (?)", [page]);
 *     return await tx.value("SELECT count(*) FROM visits WHERE page = ?", [page]);
 *   });
 * }
 * ```
 *
 * @module
 */

import {
  type DurableObjectStorage,
  isDurableObjectStorage,
} from "../../adapters/durable_object/handle.ts";
import { checkIntMode } from "../../adapters/workerd/values.ts";
import type { Database } from "../database/database.ts";
import { describeValue } from "../platform/describe.ts";
import type { Row, RowFactory } from "../sqlite/types.ts";
import { checkOptions } from "./call_options.ts";
import { DurableObjectDatabase } from "./durable_object/database.ts";
import { WATCH_OPTION_NAMES, Watches, type WatchOptions } from "./watches.ts";

export { durableObjectLimits } from "../../adapters/durable_object/adapter.ts";
export type {
  DurableObjectCursor,
  DurableObjectStorage,
} from "../../adapters/durable_object/handle.ts";
export type { WatchOptions } from "./watches.ts";

/** Settings of the database of a Durable Object. */
export interface DurableObjectOptions<R = Row> extends WatchOptions {
  /** Makes each row from its values and column names; plain objects without it. */
  rowFactory?: RowFactory<R>;
  /** Only "number": the platform gives every integer as one. Default: "number". */
  intMode?: "number";
}

/**
 * Opens the database of a Durable Object. It costs next to nothing: make one in the constructor of
 * the object, or one a request.
 *
 * Reads, single writes and `batch` are done when the call returns. The callbacks of `write` and
 * `read` may wait for their own connection only: the object stands still for them, so one that
 * waits for anything else is rolled back and rejects.
 *
 * @param storage `ctx.storage` of a class with SQLite storage.
 * @param options how rows are made.
 * @returns the database. Everything the platform cannot do is refused by name.
 * @throws {TypeError} when it is no such storage, or for a bad option.
 */
export function openDurableObject<R = Row>(
  storage: DurableObjectStorage,
  options: DurableObjectOptions<R> = {},
): Database<R> {
  if (!isDurableObjectStorage(storage)) {
    throw new TypeError(
      "openDurableObject takes ctx.storage of a Durable Object with SQLite storage " +
        `(new_sqlite_classes); got ${describeValue(storage)}`,
    );
  }
  checkOptions(options, ["rowFactory", "intMode", ...WATCH_OPTION_NAMES]);
  checkIntMode(options.intMode ?? "number");
  return new DurableObjectDatabase(storage, options.rowFactory, new Watches(options));
}
