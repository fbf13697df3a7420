// The cost of `execute` compared with the driver's own prepared statement, on a WAL file of 10,000
// rows. Short rounds alternate and the best of each counts, so a busy machine does little harm.
// The last column is our rate divided by the raw driver's: the target is 0.9 for point reads.
//
//   node bench/tools/execute.ts [rounds]
//   bun bench/tools/execute.ts [rounds]
//   deno run -A bench/tools/execute.ts [rounds]

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { adaptBunSqlite, type BunSqliteHandle } from "../../adapters/bun_sqlite/adapter.ts";
import { adaptNodeSqlite, type NodeSqliteHandle } from "../../adapters/node_sqlite/adapter.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";

interface RawHandle {
  exec(sql: string): unknown;
  prepare(sql: string): { get(...params: unknown[]): unknown; all(...params: unknown[]): unknown };
}

type Handles<Name extends string> = Record<Name, new (path: string) => unknown> | undefined;

const rowCount = 10_000;
const rounds = Number(process.argv[2] ?? 500);
const pointRead = "SELECT id, name FROM users WHERE id = ?";
const starRead = "SELECT * FROM users WHERE id = ?";
const bulkRead = "SELECT id, name, email, age FROM users LIMIT 1000";
const directory = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));

function load<Name extends string>(module: string): Handles<Name> {
  return process.getBuiltinModule(module) as Handles<Name>;
}

function open(): { raw: RawHandle; conn: DriverConnection } {
  const path = join(directory, "bench.db");
  const bun = load<"Database">("bun:sqlite");
  if (bun !== undefined) {
    const raw = new bun.Database(path);
    return { raw: raw as RawHandle, conn: adaptBunSqlite(raw as BunSqliteHandle) };
  }
  const raw = new (load<"DatabaseSync">("node:sqlite")!).DatabaseSync(path);
  return { raw: raw as RawHandle, conn: adaptNodeSqlite(raw as NodeSqliteHandle) };
}

function seed(raw: RawHandle): void {
  raw.exec("PRAGMA journal_mode = WAL");
  raw.exec("CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER)");
  raw.exec(`
    WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < ${rowCount})
    INSERT INTO users SELECT id, 'name ' || id, id || '@example.org', id % 90 FROM ids`);
}

type Run = (count: number) => void | Promise<void>;

/** The best time per operation of each task, in nanoseconds. */
async function measure(count: number, runs: Readonly<Record<string, Run>>): Promise<void> {
  const best = new Map(Object.keys(runs).map((name) => [name, Infinity]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const started = performance.now();
      await run(count);
      const ns = (performance.now() - started) * 1e6 / count;
      if (round > rounds / 5) best.set(name, Math.min(best.get(name)!, ns));
    }
  }
  const [raw] = best.values();
  for (const [name, ns] of best) {
    console.log(`${name.padEnd(28)} ${ns.toFixed(0).padStart(9)} ns   ${(raw / ns).toFixed(3)}`);
  }
}

const { raw, conn } = open();
seed(raw);
const id = (i: number) => i % rowCount + 1;

const rawPoint = raw.prepare(pointRead);
await measure(500, {
  "raw get, point": (count) => {
    for (let i = 0; i < count; i++) rawPoint.get(id(i));
  },
  "await execute": async (count) => {
    for (let i = 0; i < count; i++) await conn.execute(pointRead, [id(i)]);
  },
  "executeSync": (count) => {
    for (let i = 0; i < count; i++) conn.executeSync!(pointRead, [id(i)]);
  },
  "await execute, first row": async (count) => {
    const options = { firstRowOnly: true };
    for (let i = 0; i < count; i++) await conn.execute(pointRead, [id(i)], options);
  },
});

const rawStar = raw.prepare(starRead);
await measure(500, {
  "raw get, SELECT *": (count) => {
    for (let i = 0; i < count; i++) rawStar.get(id(i));
  },
  "await execute": async (count) => {
    for (let i = 0; i < count; i++) await conn.execute(starRead, [id(i)]);
  },
});

const rawBulk = raw.prepare(bulkRead);
await measure(4, {
  "raw all, 1000 rows": (count) => {
    for (let i = 0; i < count; i++) rawBulk.all();
  },
  "await execute": async (count) => {
    for (let i = 0; i < count; i++) await conn.execute(bulkRead);
  },
  "iterate": async (count) => {
    for (let i = 0; i < count; i++) {
      const rows = conn.iterate(bulkRead);
      while (!(await rows.next()).done);
    }
  },
});

const rawInsert = raw.prepare("UPDATE users SET age = ? WHERE id = ?") as unknown as {
  run(...params: unknown[]): unknown;
};
raw.exec("BEGIN");
await measure(500, {
  "raw run, UPDATE": (count) => {
    for (let i = 0; i < count; i++) rawInsert.run(i, id(i));
  },
  "await execute": async (count) => {
    for (let i = 0; i < count; i++) {
      await conn.execute("UPDATE users SET age = ? WHERE id = ?", [i, id(i)]);
    }
  },
});
raw.exec("ROLLBACK");

await conn.close();
rmSync(directory, { recursive: true, force: true });
