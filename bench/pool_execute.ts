// The cost of the whole path through the pool: a point read, compared with the raw prepared
// statement of the same driver on the same WAL file. The target for pool.execute is 0.85 of the
// rate of the driver's get(), although it returns all rows, like all().
//
//   node bench/pool_execute.ts [rounds]
//   bun bench/pool_execute.ts [rounds]
//   deno run -A bench/pool_execute.ts [rounds]

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { SQLiteConnectionPool } from "../mod.ts";
import { nativeDriver } from "../tests/helpers/drivers.ts";
import { bestTimes, describeRuntime } from "./rounds.ts";

const reads = 5_000;
const rows = 10_000;
const rounds = Number(process.argv[2] ?? 100);
const query = "SELECT id, name FROM users WHERE id = ?";

const directory = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
const path = join(directory, "bench.db");
const raw = nativeDriver.open(path);
raw.exec("PRAGMA journal_mode = WAL");
raw.exec("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
raw.exec(`
  INSERT INTO users
  WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < ${rows})
  SELECT n, 'user ' || n FROM c
`);
const statement = raw.prepare(query);
const pool = new SQLiteConnectionPool(() => nativeDriver.open(path), { poolSize: 4 });

const idOf = (i: number): number => (i * 7919) % rows + 1;
const tasks: Record<string, () => Promise<void>> = {
  async "raw get()"() {
    for (let i = 0; i < reads; i++) statement.get(idOf(i));
  },
  async "raw all()"() {
    for (let i = 0; i < reads; i++) statement.all(idOf(i));
  },
  async "pool.execute"() {
    for (let i = 0; i < reads; i++) await pool.execute(query, [idOf(i)]);
  },
  async "pool.get"() {
    for (let i = 0; i < reads; i++) await pool.get(query, [idOf(i)]);
  },
  async "lease.get, a lease each"() {
    for (let i = 0; i < reads; i++) {
      await pool.withConnection((conn) => conn.get(query, [idOf(i)]));
    }
  },
};

const best = await bestTimes(rounds, Object.values(tasks));
console.log(describeRuntime());
for (const [index, name] of Object.keys(tasks).entries()) {
  const nanoseconds = best[index] / reads * 1e6;
  const ratio = best[0] / best[index];
  console.log(
    `${name.padEnd(26)}${nanoseconds.toFixed(0).padStart(7)} ns${ratio.toFixed(2).padStart(7)}`,
  );
}
await pool.close();
raw.close();
rmSync(directory, { recursive: true });
