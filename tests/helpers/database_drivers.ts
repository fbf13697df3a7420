/**
 * The drivers that openDatabase takes.
 * The list is the same on each runtime, so that the tests are too: skip what is `unavailable`.
 */

import type { TestContext } from "node:test";

import { betterSqlite3 } from "../../adapters/better_sqlite3/driver.ts";
import { dbSqlite } from "../../adapters/db_sqlite/driver.ts";
import { libsqlSync } from "../../adapters/libsql/driver.ts";
import type { Driver } from "../../mod.ts";
import { driverFor } from "./databases.ts";
import { nativeDrivers } from "./drivers.ts";
import { betterSqlite3Module, dbSqliteModule, libsqlModule, type Loaded } from "./packages.ts";
import { skipFor } from "./skip_reasons.ts";

export interface DatabaseDriver {
  readonly name: string;
  /** Why this runtime does not have it. */
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

/** Drivers that have to be installed. */
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

/** What `test` takes; the files call it themselves, as Deno names tests by who does. */
export type DriverTest = readonly [
  name: string,
  options: { readonly skip: string | false },
  run: TestRun,
];

export type TestRun = (t: TestContext) => void | Promise<void>;

/** Makes a test of one driver, skipped with a reason where the driver is unavailable. */
export function driverTest(
  { name, unavailable }: DatabaseDriver,
  title: string,
  run: TestRun,
): DriverTest {
  const full = `${name}: ${title}`;
  return [full, skipFor(full, unavailable), run];
}
