/** Connections of the native drivers, for tests below the pool. */

import { join } from "node:path";
import type { TestContext } from "node:test";

import { adaptBunSqlite, type BunSqliteHandle } from "../../adapters/bun_sqlite/adapter.ts";
import { adaptNodeSqlite, type NodeSqliteHandle } from "../../adapters/node_sqlite/adapter.ts";
import type { AdaptOptions } from "../../adapters/options.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import { nativeDrivers } from "./drivers.ts";
import { temporaryDirectory } from "./runtime.ts";

export interface SyncDriver {
  readonly name: string;
  /** Why this runtime does not have it, or false, for the `skip` of a test. */
  readonly skip: string | false;
  /** A connection that is closed when the test ends. */
  open(t: TestContext, options?: AdaptOptions, path?: string): DriverConnection;
}

export const syncDrivers: readonly SyncDriver[] = nativeDrivers.map((driver) => ({
  name: driver.name,
  skip: driver.unavailable ?? false,
  open(t, options, path = ":memory:") {
    const handle: unknown = driver.open(path);
    const conn = driver.name === "bun-sqlite"
      ? adaptBunSqlite(handle as BunSqliteHandle, options)
      : adaptNodeSqlite(handle as NodeSqliteHandle, options);
    t.after(() => conn.close());
    return conn;
  },
}));

/** The path of a new database, in a directory that is removed after the test. */
export function databasePath(t: TestContext): string {
  return join(temporaryDirectory(t), "test.db");
}
