/**
 * The options of a database on D1.
 *
 * @module
 */

import { type D1Handle, isD1Handle } from "../../adapters/d1/handle.ts";
import type { DatabaseStats } from "../database/database.ts";
import { describeValue } from "../platform/describe.ts";
import type { RowFactory } from "../sqlite/types.ts";
import { checkOptions } from "./call_options.ts";
import { WATCH_OPTION_NAMES, Watches, type WatchOptions } from "./watches.ts";

/** Settings of a database on D1. `R` is what its rows are. */
export interface D1Options<R> extends WatchOptions {
  /**
   * The bookmark of a session: all calls see what that session has written and read. Without it,
   * they go to the primary database, and see all that is committed.
   */
  after?: string;
  /** Makes each row; plain objects without it. */
  rowFactory?: RowFactory<R>;
  /** How long a call may take that says nothing else, in milliseconds. Default: 30_000. */
  queryTimeoutMs?: number;
}

/** What a database on D1 counts. It has no connections: the gauges of pools are 0. */
export interface D1Stats extends DatabaseStats {
  /** Requests that were sent to D1; reads that meet share one. */
  readonly requests: number;
}

/** The options, checked and filled in. */
export interface ResolvedD1Options<R> {
  readonly after: string;
  readonly rowFactory: RowFactory<R> | undefined;
  readonly queryTimeoutMs: number;
  readonly watched: Watches;
}

/** As long as D1 itself lets a statement run. */
const QUERY_TIMEOUT_MS = 30_000;

/** @throws {TypeError | RangeError} that names the option. */
export function resolveD1Options<R>(options: D1Options<R>): ResolvedD1Options<R> {
  checkOptions(options, ["after", "rowFactory", "queryTimeoutMs", ...WATCH_OPTION_NAMES]);
  const { after, rowFactory, queryTimeoutMs = QUERY_TIMEOUT_MS } = options;
  const message = `queryTimeoutMs must be a number from 1 up; got ${describeValue(queryTimeoutMs)}`;
  if (typeof queryTimeoutMs !== "number") throw new TypeError(message);
  if (!(queryTimeoutMs >= 1)) throw new RangeError(message);
  const watched = new Watches(options);
  return { after: d1Bookmark(after), rowFactory, queryTimeoutMs, watched };
}

/** Groups of hexadecimal digits: D1 takes any text, and sees to it that nobody notices. */
const BOOKMARK = /^[0-9a-f]+(-[0-9a-f]+)+$/i;

/**
 * The bookmark to continue from; empty for none, and for that of a place without replicas.
 *
 * @throws {TypeError} when it is not one of D1.
 */
export function d1Bookmark(after: string = ""): string {
  if (after === "" || BOOKMARK.test(after)) return after;
  throw new TypeError("after must be a bookmark that session.bookmark gave on D1, or be left out");
}

/** @throws {TypeError} for anything but a binding of D1. */
export function checkBinding(binding: unknown): asserts binding is D1Handle {
  if (isD1Handle(binding) && "withSession" in binding) return;
  throw new TypeError(
    `openD1 takes a binding of D1, such as env.DB; got ${
      describeValue(binding)
    }. Is it among the ` +
      "d1_databases of the Worker's configuration, under this name?",
  );
}
