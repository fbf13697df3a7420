/** What locations mean: one file, wherever the process goes, or a clear refusal. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { openDatabase, SQLiteConnectionPool, workerConnection } from "../../mod.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

/** Runs `fn` in a folder of its own, with the folders `here` and `there` in it. */
async function moving(
  t: TestContext,
  fn: (goThere: () => void, here: string) => Promise<void>,
): Promise<void> {
  const before = process.cwd();
  const directory = temporaryDirectory(t);
  for (const name of ["here", "there"]) mkdirSync(join(directory, name));
  process.chdir(join(directory, "here"));
  try {
    await fn(() => process.chdir(join(directory, "there")), join(directory, "here"));
    assert.deepEqual(readdirSync(join(directory, "there")), []);
  } finally {
    process.chdir(before);
  }
}

for (const execution of ["inline", "worker", "auto"] as const) {
  for (const location of ["app.db", "./app.db", "file:app.db"]) {
    test(`${execution}: ${location} stays the same file after chdir`, async (t) => {
      await moving(t, async (goThere, here) => {
        const opening = openDatabase(location, { execution, readers: 2, onWarning: () => {} });
        goThere();
        const db = await opening;
        t.after(() => db.close());
        await db.run("CREATE TABLE t (n)");
        await db.run("INSERT INTO t VALUES (1)");
        const read = (): Promise<unknown> => db.read((s) => s.values("SELECT n FROM t"));
        assert.deepEqual(await Promise.all([read(), read()]), [[[1]], [[1]]]);
        await db.close();
        assert.equal(existsSync(join(here, "app.db")), true);
      });
    });
  }
}

test("a relative path leads through links as the system follows them", async (t) => {
  if (process.platform === "win32") return t.skip("Windows resolves .. before it follows links");
  const elsewhere = temporaryDirectory(t);
  mkdirSync(join(elsewhere, "deep"));
  await moving(t, async (goThere, here) => {
    symlinkSync(join(elsewhere, "deep"), join(here, "link"));
    const db = await openDatabase("link/../app.db", { onWarning: () => {} });
    t.after(() => db.close());
    goThere();
    await db.run("CREATE TABLE t (n)");
    await db.backup(`${here}/link/../copy.db`);
    await db.close();
    assert.deepEqual(readdirSync(elsewhere).sort(), ["app.db", "copy.db", "deep"]);
  });
});

test("the path of a backup is resolved when it is asked for", async (t) => {
  await moving(t, async (goThere, here) => {
    const db = await openDatabase("app.db", { onWarning: () => {} });
    t.after(() => db.close());
    await db.run("CREATE TABLE t (n)");
    const copying = db.backup("copy.db");
    goThere();
    await copying;
    await db.close();
    assert.deepEqual(readdirSync(here).sort(), ["app.db", "copy.db"]);
  });
});

test("workerConnection resolves its path when it is called", async (t) => {
  await moving(t, async (goThere, here) => {
    const pool = new SQLiteConnectionPool(workerConnection("app.db"), { poolSize: 2 });
    t.after(() => pool.close());
    goThere();
    await pool.execute("CREATE TABLE t (n)");
    await pool.close();
    assert.deepEqual(readdirSync(here), ["app.db"]);
  });
});

const refused: readonly [unknown, RegExp][] = [
  [undefined, /^TypeError: The location must be a path.*got undefined/],
  [42, /^TypeError: The location must be .* got 42/],
  ["", /^RangeError: The location is empty/],
  ["a\0b", /^RangeError: The location "a\\u0000b" has a NUL/],
  ["file:///tmp/a%00b", /NUL/],
  ["file:///tmp/%zz", /not a valid URL/],
  ["file://elsewhere/app.db", /names the host "elsewhere"/],
  ["file:app.db?cache=shared", /has the parameter "cache"/],
  ["file:app.db?mode=x", /has the mode "x".*ro, rw, rwc, memory/s],
  ["sqlite:app.db", /begins with "sqlite:".*Write the path alone, such as "app\.db"/],
  ["sqlite://a.db", /such as "a\.db", or a file: URL/],
  ["sqlite:///tmp/a.db", /begins with "sqlite:".*Write the path alone/],
  ["sqlite::memory:", /such as ":memory:"/],
  ["sqlite3:a.db?cache=shared", /such as "a\.db"/],
  ["jdbc:sqlite:x.db", /begins with "jdbc:".*such as "x\.db"/],
  ["postgres://host/db", /begins with "postgres:"/],
  [new URL("sqlite:x.db"), /begins with "sqlite:"/],
  ["app.db?mode=ro", /path with parameters.*"file:app\.db\?mode=ro".*%3F/s],
  ["data/", /^RangeError: The location "data\/" ends with a slash/],
  ["file:data/?mode=rw", /ends with a slash/],
  [":memory:?cache=shared", /Write ":memory:" alone/],
];

test("bad locations are refused by name, and nothing is created", async (t) => {
  await moving(t, async (_, here) => {
    for (const [location, message] of refused) {
      await assert.rejects(openDatabase(location as string), message);
    }
    assert.deepEqual(readdirSync(here), []);
  });
});

test("a connection in a thread is not one to a server", async (t) => {
  const pool = new SQLiteConnectionPool(
    workerConnection("libsql://u:s3cret@host?authToken=s3cret"),
  );
  t.after(() => pool.close());
  await assert.rejects(pool.execute("SELECT 1"), {
    name: "PoolConnectionOpenError",
    message: /"libsql:\/\/\.\.\.@host\?\.\.\." is a server/,
  });
});

test("a refused location shows no password and no parameters", async () => {
  for (
    const location of ["mysql://u:s3cret@host/db", "app.db?key=s3cret", "file:app.db?key=s3cret"]
  ) {
    await assert.rejects(openDatabase(location), (error: Error) => {
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  }
});

test("odd names of files have a form each", async (t) => {
  const directory = temporaryDirectory(t);
  const names = ["a?mode=ro", "who?", "sqlite:app.db", " both ends", "100%25", "#1"];
  for (const name of names) {
    const path = join(directory, name);
    const db = await openDatabase(pathToFileURL(path), { onWarning: () => {} });
    await db.close();
    assert.equal(existsSync(path), true, name);
  }
  await moving(t, async (_, here) => {
    const db = await openDatabase("./sqlite:app.db", { onWarning: () => {} });
    await db.close();
    assert.equal(existsSync(join(here, "sqlite:app.db")), true);
  });
});

test("workerConnection takes the mode of a file URL", async (t) => {
  const path = join(temporaryDirectory(t), "app.db");
  const url = pathToFileURL(path).href;
  for (const mode of ["ro", "rw"]) {
    const pool = new SQLiteConnectionPool(workerConnection(`${url}?mode=${mode}`));
    await assert.rejects(pool.values("SELECT 1"), { name: "PoolConnectionOpenError" });
    await pool.close();
  }
  assert.equal(existsSync(path), false);
});
