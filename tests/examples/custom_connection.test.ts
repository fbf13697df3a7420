import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { SQLiteConnectionPool } from "@sqlitepool/pool";

import { AcmeClient, acmeConnection } from "../../examples/custom_connection.ts";
import { repositoryRoot, runScript, temporaryDirectory } from "../helpers/runtime.ts";

test("the example runs", async () => {
  const { code, stdout, stderr } = await runScript("examples/custom_connection.ts");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /rocket skates/);
});

test("the adapter is shorter than 20 lines", () => {
  const source = readFileSync(join(repositoryRoot, "examples/custom_connection.ts"), "utf8");
  const [adapter] = source.match(/^export function acmeConnection[^]*?^}/m)!;
  assert.ok(adapter.split("\n").length < 20, adapter);
});

test("a pool of the invented driver rolls back, makes rows and closes", async (t) => {
  const path = join(temporaryDirectory(t), "acme.db");
  const clients: AcmeClient[] = [];
  const pool = new SQLiteConnectionPool(() => {
    const client = new AcmeClient(path);
    clients.push(client);
    return acmeConnection(client);
  }, { poolSize: 2 });
  const created = await pool.execute("CREATE TABLE parts (id INTEGER PRIMARY KEY, name TEXT)");
  assert.equal(created.lastInsertRowid, undefined);

  const inserted = await pool.execute("INSERT INTO parts (name) VALUES (:name)", { name: "anvil" });
  assert.deepEqual([inserted.rowsAffected, inserted.lastInsertRowid], [1, 1]);

  await assert.rejects(
    pool.transaction(async (tx) => {
      await tx.run("DELETE FROM parts");
      throw new Error("second thoughts");
    }),
    /second thoughts/,
  );
  await pool.withConnection(async (conn) => {
    await conn.begin();
    await conn.run("DELETE FROM parts");
    // Forgotten here: the pool rolls back.
  });
  await pool.withConnection(async (conn) => {
    assert.deepEqual(await conn.all("SELECT * FROM parts"), [{ id: 1, name: "anvil" }]);
    assert.deepEqual(await conn.values("SELECT name, id FROM parts"), [["anvil", 1]]);
    assert.equal(await conn.get("SELECT * FROM parts WHERE id = 2"), undefined);
  });

  await pool.close();
  assert.ok(clients.length > 0);
  for (const client of clients) {
    await assert.rejects(client.ask("SELECT 1", []), "a client is still open");
  }
});
