/** Databases on real files, for tests. */

import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  type Database,
  type DatabaseOptions,
  type Driver,
  openDatabase,
  type Row,
} from "../../mod.ts";
import { bunSqlite } from "../../adapters/bun_sqlite/driver.ts";
import { nodeSqlite } from "../../adapters/node_sqlite/driver.ts";
import type { NativeDriver } from "./drivers.ts";
import { temporaryDirectory } from "./runtime.ts";

export interface TestDatabase<R = Row> {
  readonly db: Database<R>;
  readonly path: string;
  readonly warnings: string[];
}

/** A database on a file, a new one by default, closed when the test ends. Collects warnings. */
export async function openTestDatabase<R = Row>(
  t: TestContext,
  options: DatabaseOptions<R> = {},
  path: string = join(temporaryDirectory(t), "test.db"),
): Promise<TestDatabase<R>> {
  const warnings: string[] = [];
  const db = await openDatabase<R>(path, {
    onWarning: ({ kind }) => warnings.push(kind),
    ...options,
  });
  t.after(() => db.close({ timeoutMs: 0 }));
  return { db, path, warnings };
}

/** The driver that openDatabase would use for one of the native drivers of the tests. */
export function driverFor({ name }: NativeDriver): Driver {
  return name === "bun-sqlite" ? bunSqlite : nodeSqlite;
}
