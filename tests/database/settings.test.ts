/** The settings of connections, and how they are put back. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { DriverConnection, Execution } from "../../mod.ts";
import type { Role } from "../../src/connections/observation/operation.ts";
import { currentSettings, restoreStatements, setUpStatements } from "../../src/database/pragmas.ts";
import { databaseDrivers, driverTest, packagedDrivers } from "../helpers/database_drivers.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const OPEN = {
  readonly: false,
  create: true,
  intMode: "number",
  statementCacheSize: undefined,
} as const;

/** What a script, such as the output of `.dump`, may leave behind. */
const CHANGES = `
  PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;
  PRAGMA cache_size = 5; PRAGMA mmap_size = 4096; PRAGMA query_only = ON;
  PRAGMA trusted_schema = ON; PRAGMA cell_size_check = OFF; PRAGMA busy_timeout = 5000;
  PRAGMA journal_size_limit = 7; PRAGMA wal_autocheckpoint = 0;
  PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON;
`;

async function settingsOf(
  connection: DriverConnection,
  statements: readonly string[],
): Promise<unknown[]> {
  const values: unknown[] = [];
  for (const statement of statements) {
    const { rows } = await connection.execute(statement.replace(/ =.*/, ""));
    values.push(rows[0]);
  }
  return values;
}

for (const driver of databaseDrivers) {
  for (const role of ["writer", "reader"] satisfies Role[]) {
    test(...driverTest(driver, `what a script changes on a ${role} is put back`, async (t) => {
      const connection = await driver.driver.open(join(temporaryDirectory(t), "test.db"), OPEN);
      t.after(() => connection.close());
      const setUp = setUpStatements({}, {
        role,
        durability: "full",
        untrusted: true,
        inMemory: false,
        readonly: false,
      });
      for (const statement of setUp) await connection.execute(statement);
      const restore = restoreStatements(setUp);
      const before = await settingsOf(connection, restore);
      await connection.executeScript(CHANGES);
      assert.notDeepEqual(await settingsOf(connection, restore), before);
      for (const statement of restore) await connection.execute(statement);
      assert.deepEqual(await settingsOf(connection, restore), before);
    }));
  }

  test(...driverTest(driver, "a setting that onConnect chose is the one put back", async (t) => {
    const connection = await driver.driver.open(join(temporaryDirectory(t), "test.db"), OPEN);
    t.after(() => connection.close());
    const setUp = ["PRAGMA foreign_keys = ON", "PRAGMA cache_size = -16000"];
    const restore = restoreStatements(setUp);
    await connection.executeScript(`${setUp.join("; ")}; PRAGMA cache_size = -4000;`);
    const current = await currentSettings(
      restore,
      async (query) => Object.values((await connection.execute(query)).rows[0])[0],
    );
    assert.deepEqual(current.slice(0, 2), ["PRAGMA foreign_keys = 1", "PRAGMA cache_size = -4000"]);
    for (const statement of current) await connection.execute(statement);
  }));
}

const EXECUTIONS: readonly Execution[] = ["inline", "worker", "auto"];
const SETTINGS = ["foreign_keys", "synchronous", "cache_size", "temp_store", "query_only"];

type Read = (query: string) => Promise<unknown[][]>;

async function valuesOf(read: Read): Promise<unknown[]> {
  const values: unknown[] = [];
  for (const name of SETTINGS) values.push((await read(`PRAGMA ${name}`))[0][0]);
  return values;
}

for (const driver of databaseDrivers) {
  // Threads load their drivers themselves: those of the runtime are enough.
  const inline = packagedDrivers.includes(driver);
  for (const execution of EXECUTIONS.slice(0, inline ? 1 : undefined)) {
    const title = `${execution}: nobody inherits the settings of another`;
    test(...driverTest(driver, title, async (t) => {
      const { db } = await openTestDatabase(t, {
        driver: driver.driver,
        execution,
        readers: 1,
        onConnect: (connection) => connection.execute("PRAGMA cache_size = -4000"),
      });
      const writing: Read = (query) => db.write((tx) => tx.values(query));
      const reading: Read = (query) => db.read((snapshot) => snapshot.values(query));
      const written = await valuesOf(writing);
      const read = await valuesOf(reading);
      assert.deepEqual(written, [1, 1, -4_000, 2, 0]);
      assert.deepEqual(read, [1, 1, -4_000, 2, 1]);
      const script = CHANGES.replace("PRAGMA query_only = ON;", "");
      const changes: readonly (() => Promise<unknown>)[] = [
        () => db.executeScript(script),
        () => db.run("PRAGMA foreign_keys = OFF"),
        () => db.write((tx) => tx.executeScript("PRAGMA cache_size = 7; PRAGMA query_only = ON;")),
        () => db.read((s) => s.executeScript("PRAGMA cache_size = 8; PRAGMA query_only = OFF;")),
        () => db.values("PRAGMA cache_size = 9"),
      ];
      for (const change of changes) {
        await change();
        assert.deepEqual(await valuesOf(writing), written);
        assert.deepEqual(await valuesOf(reading), read);
      }
    }));
  }
}
