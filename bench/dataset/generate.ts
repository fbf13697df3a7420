/** Makes the database of a scale, or takes it from the cache of an earlier run. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { nativeDriver } from "../../tests/helpers/drivers.ts";
import { columnsOf, INDEXES, rowsAt, TABLES } from "./schema.ts";

/** Small enough for a progress line several times a second. */
const CHUNK = 200_000;

/** Where databases are kept; `BENCH_CACHE` names another folder. */
export function cacheFolder(): string {
  return process.env.BENCH_CACHE ?? join("node_modules", ".cache", "sqlitepool-bench");
}

/** The path of a database of this scale. `progress` gets a line for the user now and then. */
export function databaseAt(scale: number, progress: (line: string) => void): string {
  const folder = cacheFolder();
  const path = join(folder, `social-${scale}-${fingerprint(scale)}.db`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  try {
    generate(unfinished, scale, progress);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return path;
}

/** Changes with the schema and the rows, so that an old cache is not taken for a new one. */
function fingerprint(scale: number): string {
  const content = JSON.stringify([TABLES, INDEXES, columnsOf(rowsAt(scale)), rowsAt(scale)]);
  return createHash("sha256").update(content).digest("hex").slice(0, 8);
}

function generate(path: string, scale: number, progress: (line: string) => void): void {
  const rows = rowsAt(scale);
  const db = nativeDriver.open(path);
  // Nothing to lose yet: an unfinished file is thrown away.
  db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144");
  db.exec(TABLES);
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  let done = 0;
  for (const [table, columns] of Object.entries(columnsOf(rows))) {
    const count = rows[table as keyof typeof rows];
    for (let first = 1; first <= count; first += CHUNK) {
      const last = Math.min(first + CHUNK - 1, count);
      db.exec(`
        WITH RECURSIVE numbers (n) AS (
          SELECT ${first} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${last}
        )
        INSERT INTO ${table} SELECT ${columns} FROM numbers`);
      done += last - first + 1;
      progress(`generating the database: ${Math.floor(done / total * 100)} % of ${total} rows`);
    }
  }
  for (const index of INDEXES) {
    progress(`generating the database: ${index}`);
    db.exec(index);
  }
  db.exec("ANALYZE");
  db.exec("PRAGMA journal_mode = WAL");
  db.close();
}
