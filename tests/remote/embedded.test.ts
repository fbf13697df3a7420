/** A file of this machine that follows a server. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";

import { openDatabase } from "../../mod.ts";
import { loadLibsql } from "../helpers/packages.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { SharedServer } from "./helpers/databases.ts";
import { noServers, tokenOf } from "./helpers/sqld.ts";

const { unavailable } = await loadLibsql("@libsql/client");
const shared = new SharedServer({ auth: true });
after(() => shared.remove());

const title =
  "an embedded replica reads from its file, writes to the server and fetches what is new";
test(title, skipFor(title, unavailable ?? noServers), async (t) => {
  const { url } = await shared.start();
  const authToken = tokenOf();
  const server = await openDatabase(url as `http://${string}`, { authToken });
  t.after(() => server.close());
  await server.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
  await server.run("INSERT INTO t (v) VALUES ('there before')");
  const file = join(temporaryDirectory(t), "replica.db");
  const db = await openDatabase(file, { syncUrl: url, authToken });
  t.after(() => db.close());
  assert.deepEqual(await db.all("SELECT * FROM t"), [{ id: 1, v: "there before" }]);
  assert.equal(db.path, file);
  assert.equal(db.closed, false);
  assert.match(inspect(db), /^EmbeddedDatabase {\s+path: .*replica\.db', *\s+state: 'open'/);

  assert.equal((await db.run("INSERT INTO t (v) VALUES (?)", ["from here"])).lastInsertRowid, 2);
  assert.deepEqual(await db.get("SELECT v FROM t WHERE id = 2"), { v: "from here" });
  assert.deepEqual(await server.get("SELECT v FROM t WHERE id = 2"), { v: "from here" });
  await assert.rejects(db.run("INSERT INTO t VALUES (1, 'x')"), { code: "SQLITE_CONSTRAINT" });

  await server.run("INSERT INTO t (v) VALUES ('from there')");
  await db.sync();
  assert.deepEqual(await db.get("SELECT v FROM t WHERE id = 3"), { v: "from there" });

  const failed = db.write(async (tx) => {
    await tx.run("INSERT INTO t (v) VALUES ('undone')");
    throw new Error("no");
  });
  await assert.rejects(failed, /^Error: no$/);
  await db.batch([{ sql: "INSERT INTO t (v) VALUES ('a')" }, {
    sql: "DELETE FROM t WHERE id = 1",
  }]);
  assert.deepEqual(await server.values("SELECT count(*) FROM t"), [[3]]);
  await assert.rejects(db.get("DELETE FROM t"), { code: "SQLITE_READONLY" });
  await assert.rejects(db.checkpoint(), /files of one machine/);
});

test("options of an embedded replica are checked by name", async () => {
  const syncUrl = "http://127.0.0.1:9";
  await assert.rejects(openDatabase("x.db", { syncUrl: "nowhere" }), /syncUrl must be a URL/);
  await assert.rejects(
    openDatabase("x.db", { syncUrl, syncIntervalMs: 0 }),
    /syncIntervalMs must be a number from 1/,
  );
  await assert.rejects(
    openDatabase("x.db", { syncUrl, readers: 4 } as { syncUrl: string }),
    /Unknown option "readers"/,
  );
});
