/** Pools over real database files, for tests. */

import { join } from "node:path";
import type { TestContext } from "node:test";
import { type PoolOptions, type Row, SQLiteConnectionPool } from "../../mod.ts";
import { nativeDriver } from "./drivers.ts";
import { temporaryDirectory } from "./runtime.ts";

export interface TestPool<R = Row> {
  readonly pool: SQLiteConnectionPool<R>;
  readonly path: string;
  /** How often the factory was called. */
  opened(): number;
}

/** A pool over a new file in WAL mode, closed when the test ends. */
export function openTestPool<R = Row>(
  t: TestContext,
  options: PoolOptions<R> = {},
): TestPool<R> {
  const path = join(temporaryDirectory(t), "test.db");
  let opened = 0;
  const pool = new SQLiteConnectionPool<R>(() => {
    opened += 1;
    const handle = nativeDriver.open(path);
    handle.exec("PRAGMA journal_mode = WAL");
    return handle;
  }, options);
  t.after(() => pool.close({ timeoutMs: 0 }));
  return { pool, path, opened: () => opened };
}

/** A promise and its resolver. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
