/**
 * The drivers that openDatabase takes.
 * The list is the same on each runtime, so that tests over it are too: skip what is `unavailable`.
 */

import { test, type TestContext } from "node:test";

import { betterSqlite3 } from "../../adapters/better_sqlite3_driver.ts";
import { dbSqlite } from "../../adapters/db_sqlite_driver.ts";
import { libsqlSync } from "../../adapters/libsql_sync_driver.ts";
import type { Driver } from "../../mod.ts";
import { driverFor } from "./databases.ts";
import { nativeDrivers } from "./drivers.ts";
import { betterSqlite3Module, dbSqliteModule, libsqlModule, type Loaded } from "./packages.ts";
import { skipFor } from "./skip_reasons.ts";

export interface DatabaseDriver {
  readonly name: string;
  /** Why this runtime has not got it. */
  readonly unavailable: string | undefined;
  /** The driver, where it is available. */
  readonly driver: Driver;
}

function packaged<M>(
  name: string,
  { module, unavailable }: Loaded<M>,
  make: (module: M) => Driver,
): DatabaseDriver {
  return {
    name,
    unavailable,
    get driver() {
      return make(module!);
    },
  };
}

/** Those that somebody has to install. */
export const packagedDrivers: readonly DatabaseDriver[] = [
  packaged(
    "better-sqlite3",
    betterSqlite3Module,
    ({ default: Database }) => betterSqlite3(Database),
  ),
  packaged("libsql", libsqlModule, ({ default: Database }) => libsqlSync(Database)),
  packaged("db-sqlite", dbSqliteModule, ({ Database }) => dbSqlite(Database)),
];

export const databaseDrivers: readonly DatabaseDriver[] = [
  ...nativeDrivers.map((native) => ({
    name: native.name,
    unavailable: native.unavailable,
    driver: driverFor(native),
  })),
  ...packagedDrivers,
];

/** Makes tests for one driver: skipped, with its reason, where that is unavailable. */
export function testsOf(
  { name, unavailable }: DatabaseDriver,
): (title: string, run: (t: TestContext) => void | Promise<void>) => void {
  return (title, run) => {
    const full = `${name}: ${title}`;
    test(full, skipFor(full, unavailable), run);
  };
}
