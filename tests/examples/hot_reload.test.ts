/** The Next.js example: modules that are evaluated again share one database. */

import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";

import type * as databaseModule from "../../examples/frameworks/nextjs/lib/database.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const folder = "../../examples/frameworks/nextjs";

/** Imports the module as a server does that has seen a change. Bun drops the query of a URL. */
const evaluateAgain = (change: string): Promise<typeof databaseModule> =>
  import(`${folder}/lib/database.ts?${change}`);

/** The databases of a test are in a directory of its own, and forgotten with it. */
function useDirectory(t: TestContext): string {
  const directory = temporaryDirectory(t);
  process.env.DATABASE_PATH = join(directory, "bank.db");
  t.after(async () => {
    const { database } = await evaluateAgain("end");
    const shared = globalThis as { [key: symbol]: unknown };
    await (await database()).close();
    delete shared[Symbol.for("bank.database")];
    delete process.env.DATABASE_PATH;
  });
  return directory;
}

test("a module that is evaluated again has the same database", async (t) => {
  useDirectory(t);
  const [before, after] = [await evaluateAgain("1"), await evaluateAgain("2")];
  assert.notEqual(before.database, after.database);
  const [db, same] = await Promise.all([before.database(), after.database()]);
  assert.equal(db, same);
});

test("a database that could not be opened is opened by the next request", async (t) => {
  const directory = useDirectory(t);
  const { database } = await evaluateAgain("3");
  process.env.DATABASE_PATH = join(directory, "missing", "bank.db");
  await assert.rejects(database(), /missing/);
  process.env.DATABASE_PATH = join(directory, "bank.db");
  assert.equal((await database()).path, join(directory, "bank.db"));
});

test("route handlers commit, and one that throws leaves nothing", async (t) => {
  useDirectory(t);
  const { database } = await evaluateAgain("4");
  const { GET } = await import(`${folder}/app/accounts/route.ts`);
  const { POST } = await import(`${folder}/app/transfers/route.ts`);
  const db = await database();
  await db.run("INSERT INTO accounts VALUES ('Alice', 30), ('Bob', 0)");
  const statuses: number[] = [];
  for (const amount of [10, 1000]) {
    const body = JSON.stringify({ from: "Alice", to: "Bob", amount });
    statuses.push(
      (await POST(new Request("http://bank/transfers", { method: "POST", body }))).status,
    );
  }
  assert.deepEqual(statuses, [201, 409]);
  assert.deepEqual(await (await GET()).json(), [
    { name: "Alice", balance: 20 },
    { name: "Bob", balance: 10 },
  ]);
  assert.deepEqual([db.stats.readers.inUse, db.stats.writer?.inUse], [0, 0]);
});
