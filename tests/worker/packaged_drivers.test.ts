/** Drivers of npm in threads, which load them by their names, under openDatabase. */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { type Execution, openDatabase } from "../../mod.ts";
import { packagedDrivers } from "../helpers/database_drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { runtimeName } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const onNode26 = runtimeName() === "node" && process.version.startsWith("v26.");
const elsewhere = onNode26 ? undefined : "in threads, drivers of npm are tried on Node 26 only";

for (const packaged of packagedDrivers.filter(({ name }) => name !== "db-sqlite")) {
  const { name, unavailable } = packaged;
  for (const execution of ["worker", "auto"] as readonly Execution[]) {
    const title = `${name}: execution ${execution}`;
    test(title, skipFor(title, elsewhere ?? unavailable), async (t) => {
      const { driver } = packaged;
      const { db, path } = await openTestDatabase(t, { driver, execution, readers: 2 });
      const versionHere = await openDatabase(":memory:", { driver, onWarning: () => {} });
      const [[version]] = await versionHere.values("SELECT sqlite_version()");
      await versionHere.close();
      assert.deepEqual(await db.values("SELECT sqlite_version()"), [[version]]);
      await db.run("CREATE TABLE t (n INTEGER UNIQUE)");
      const writes = Array.from({ length: 20 }, (_, n) => db.run("INSERT INTO t VALUES (?)", [n]));
      assert.equal((await Promise.all(writes)).length, 20);
      for (let i = 0; i < 5; i++) {
        assert.deepEqual(await db.get("SELECT count(*) AS n FROM t"), { n: 20 });
      }
      const readonly = { code: "SQLITE_READONLY" };
      await assert.rejects(db.get("INSERT INTO t VALUES (99) RETURNING n"), readonly);
      await db.backup(`${path}.copy`);
      await db.close();
      assert.equal(db.stats.threads!.running, 0);
      const copy = await openDatabase(`${path}.copy`, { driver, onWarning: () => {} });
      assert.deepEqual(await copy.values("SELECT count(*) FROM t"), [[20]]);
      await copy.close();
    });
  }
}
