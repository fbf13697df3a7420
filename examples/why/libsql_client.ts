/**
 * On a `file:` URL, `execute` of @libsql/client returns a promise but runs in the caller's thread:
 * no timer fires until the statement is done. With connections in threads they do.
 *
 *     node examples/why/libsql_client.ts
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient } from "@libsql/client";
import { openDatabase } from "@sqlitepool/pool";

const REPORT = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)
  SELECT sum(i) FROM n`;

/** How often a timer of 5 ms fires while something is under way. */
async function ticksDuring(work: () => Promise<unknown>): Promise<number> {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await work();
  clearInterval(timer);
  return ticks;
}

const directory = mkdtempSync(join(tmpdir(), "why-"));
try {
  const client = createClient({ url: `file:${join(directory, "libsql.db")}` });
  console.log("@libsql/client:", await ticksDuring(() => client.execute(REPORT))); // 0
  client.close();

  const db = await openDatabase(join(directory, "pool.db"), { execution: "worker" });
  console.log("pool:", await ticksDuring(() => db.get(REPORT))); // dozens
  await db.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
