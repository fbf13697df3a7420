/** better-sqlite3 as its README shows it: one connection in the main thread, no promises. */

import type { Open } from "../contender.ts";
import { load } from "../load.ts";
import { bareHandle, setPragmas, type SyncHandle } from "../sqlite/handle.ts";

export interface BetterSqlite3 {
  readonly default: new (path: string) => SyncHandle;
}

export const open: Open = async (options) => {
  const { default: Database } = await load<BetterSqlite3>("better-sqlite3");
  const handle = new Database(options.path);
  setPragmas(handle, options);
  return bareHandle(handle);
};
