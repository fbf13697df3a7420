/** Drivers that are made of the class that was imported. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { betterSqlite3, type BetterSqlite3Class } from "../../adapters/better_sqlite3/driver.ts";
import { dbSqlite, type DbSqliteClass } from "../../adapters/db_sqlite/driver.ts";
import { libsqlSync, type LibsqlSyncClass } from "../../adapters/libsql/driver.ts";
import { openDatabase } from "../../mod.ts";
import { betterSqlite3Module, libsqlModule } from "../helpers/packages.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const takers: readonly [name: string, module: string, take: (value: never) => unknown][] = [
  ["betterSqlite3", "better-sqlite3", betterSqlite3],
  ["libsqlSync", "libsql", libsqlSync],
  ["dbSqlite", "jsr:@db/sqlite", dbSqlite],
];

for (const [name, module, take] of takers) {
  test(`${name} takes a class, and says what else it got and what to write`, () => {
    const wrong: readonly [unknown, string][] = [
      [undefined, "undefined"],
      ["app.db", "a string, which openDatabase takes"],
      [{ default: class {} }, "an object"],
      [class Other {}, "another function or class"],
    ];
    for (const [value, got] of wrong) {
      assert.throws(() => take(value as never), (error: Error) => {
        assert.equal(error.name, "TypeError");
        const start = `${name} takes the class that ${module} exports; got ${got}. Write: import `;
        assert.ok(error.message.startsWith(start), error.message);
        assert.ok(error.message.endsWith(` from "${module}"; ${name}(Database)`), error.message);
        return true;
      });
    }
  });
}

const packages: readonly [string, string | undefined, () => void][] = [
  ["better-sqlite3", betterSqlite3Module.unavailable, () => {
    const { default: Database } = betterSqlite3Module.module!;
    const handle = new Database(":memory:", { readonly: false, fileMustExist: false, timeout: 0 });
    assert.throws(() => betterSqlite3(handle as never), /got an open handle of it/);
    handle.close();
    assert.throws(() => libsqlSync(Database as unknown as LibsqlSyncClass), /another .* class/);
  }],
  ["libsql", libsqlModule.unavailable, () => {
    const { default: Database } = libsqlModule.module!;
    const handle = new Database(":memory:", { timeout: 0 });
    assert.throws(() => libsqlSync(handle as never), /got an open handle of it/);
    handle.close();
    assert.throws(
      () => betterSqlite3(Database as unknown as BetterSqlite3Class),
      /another .* class/,
    );
  }],
];

for (const [name, unavailable, run] of packages) {
  const title = `${name}: a handle is not its class, nor is the class that of another driver`;
  test(title, skipFor(title, unavailable), run);
}

test("the fork of better-sqlite3 that encrypts files is loaded by its own name", () => {
  // `npm run projects` tries the package itself.
  class Original {
    prepare(): void {}
    exec(): void {}
    close(): void {}
    defaultSafeIntegers(): void {}
    unsafeMode(): void {}
  }
  class Fork extends Original {
    key(): void {}
    rekey(): void {}
  }
  const driverOf = (Class: unknown) => betterSqlite3(Class as BetterSqlite3Class);
  const original = driverOf(Original);
  assert.deepEqual([original.name, original.library], ["better-sqlite3", "better-sqlite3"]);
  const fork = driverOf(Fork);
  const name = "better-sqlite3-multiple-ciphers";
  assert.deepEqual([fork.name, fork.library], [name, name]);
  assert.deepEqual([typeof original.backup, typeof fork.backup], ["function", "undefined"]);
});

/** What dbSqlite uses of @db/sqlite, which cannot be had here: it notes how it is called. */
function standIn(opened: unknown[][], failure?: Error): DbSqliteClass {
  return class Database {
    readonly open = true;
    readonly inTransaction = false;

    constructor(...args: unknown[]) {
      opened.push(args);
      if (failure !== undefined) throw failure;
    }

    prepare(): never {
      throw new Error("nothing is prepared here");
    }
    exec(): void {}
    openBlob(): void {}
    transaction(): void {}
    close(): void {}
  };
}

const OPTIONS = { intMode: "number", statementCacheSize: undefined } as const;

test("dbSqlite opens with the access that is asked for", () => {
  const opened: unknown[][] = [];
  const driver = dbSqlite(standIn(opened));
  driver.open("a.db", { ...OPTIONS, readonly: true, create: false });
  driver.open("b.db", { ...OPTIONS, readonly: false, create: true });
  assert.deepEqual(opened, [
    ["a.db", { readonly: true, create: false }],
    ["b.db", { readonly: false, create: true }],
  ]);
  assert.deepEqual([driver.name, driver.library], ["@db/sqlite", "@db/sqlite"]);
});

test("dbSqlite opens nothing for integers that it cannot give", () => {
  const opened: unknown[][] = [];
  const access = { ...OPTIONS, intMode: "bigint", readonly: false, create: true } as const;
  assert.throws(() => dbSqlite(standIn(opened)).open("a.db", access), TypeError);
  assert.deepEqual(opened, []);
});

test("dbSqlite tells what could not be opened with the code of SQLite", () => {
  const failure = Object.assign(new Error("14: unable to open database file"), { code: 14 });
  const driver = dbSqlite(standIn([], failure));
  const open = () => driver.open("a.db", { ...OPTIONS, readonly: true, create: false });
  assert.throws(open, { name: "SQLiteError", code: "SQLITE_CANTOPEN", cause: failure });
});

test("threads are refused to a driver that no thread could load, before anything is opened", async (t) => {
  const opened: unknown[][] = [];
  const driver = dbSqlite(standIn(opened));
  for (const execution of ["worker", "auto"] as const) {
    const path = join(temporaryDirectory(t), "app.db");
    await assert.rejects(
      openDatabase(path, { driver, execution }),
      new RegExp(
        `^TypeError: execution "${execution}" needs a driver that a thread can load by its name ` +
          '.*; got driver @db/sqlite. Use execution "inline" with it.$',
      ),
    );
  }
  assert.deepEqual(opened, []);
});

test("a class is no driver, not even one with a static open", async () => {
  class Database {
    static open(): void {}
  }
  await assert.rejects(
    openDatabase(":memory:", { driver: Database as never }),
    /^TypeError: driver must be "auto" or a driver such as nodeSqlite or betterSqlite3\(Database\)/,
  );
});
