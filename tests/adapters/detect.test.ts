import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { runInNewContext } from "node:vm";

import { adapt } from "../../adapters/detect.ts";
import { isBunSqliteHandle } from "../../adapters/bun_sqlite/adapter.ts";
import { isNodeSqliteHandle } from "../../adapters/node_sqlite/adapter.ts";
import { UnsupportedHandleError } from "../../src/driver/errors.ts";
import { ThreeMethodConnection } from "../../src/driver/three_methods.ts";
import { type NativeDriver, nativeDrivers, type NativeHandle } from "../helpers/drivers.ts";
import { StubConnection } from "../helpers/stub_connection.ts";

/** What each driver marks its handles with. */
const marks = { "node-sqlite": "node:sqlite", "bun-sqlite": "bun:sqlite" } as const;

/** The same test over each native driver. */
function testNative(
  name: string,
  run: (handle: NativeHandle, driver: NativeDriver) => Promise<void> | void,
): void {
  for (const driver of nativeDrivers) {
    test(`${driver.name}: ${name}`, { skip: driver.unavailable }, async (t: TestContext) => {
      const handle = driver.open(":memory:");
      t.after(() => {
        // Most of the tests have closed it, which a second time some drivers do not allow.
        try {
          handle.close();
        } catch {
          return;
        }
      });
      await run(handle, driver);
    });
  }
}

async function checkWorks(handle: unknown): Promise<void> {
  const conn = await adapt(handle);
  assert.equal(conn.raw, handle);
  assert.equal(conn.inTransactionIsCertain, true);
  assert.deepEqual((await conn.execute("SELECT ? AS a", [1])).rows, [{ a: 1 }]);
  await conn.execute("BEGIN");
  assert.equal(conn.inTransaction, true);
  await conn.rollback();
  await conn.close();
}

async function refusal(handle: unknown): Promise<string> {
  try {
    await adapt(handle);
  } catch (error) {
    assert.ok(error instanceof UnsupportedHandleError, String(error));
    assert.equal(error.name, "UnsupportedHandleError");
    return error.message;
  }
  return assert.fail("it was adapted");
}

testNative("its own handles are recognised", async (handle, { name }) => {
  assert.equal(isNodeSqliteHandle(handle), name === "node-sqlite");
  assert.equal(isBunSqliteHandle(handle), name === "bun-sqlite");
  await checkWorks(handle);
});

/** A class without a name that hands everything on: what another realm or a bundler makes. */
const copySource = `(mark, inner) => new (class {
  get [Symbol.for("sqlite-type")]() { return mark; }
  get isOpen() { return inner.isOpen; }
  get isTransaction() { return inner.isTransaction; }
  get inTransaction() { return inner.inTransaction; }
  prepare(sql) { return inner.prepare(sql); }
  query(sql) { return inner.query(sql); }
  exec(sql) { return inner.exec(sql); }
  close(...args) { return inner.close(...args); }
})`;

testNative("a handle of another realm is recognised", async (handle, { name }) => {
  const copy = runInNewContext(copySource) as (mark: string, inner: unknown) => object;
  const foreign = copy(marks[name], handle);
  assert.ok(!(foreign instanceof Object));
  await checkWorks(foreign);
});

testNative("a handle is recognised whatever its class is called", async (handle, { name }) => {
  // As a minifier leaves it, and an error reporter or mock finds it.
  for (const className of ["a", "", "Promise", "Client"]) {
    const prototype = Object.create(Object.getPrototypeOf(handle) as object);
    const renamed = { [className]: class {} }[className];
    Object.defineProperty(prototype, "constructor", { value: renamed });
    Object.setPrototypeOf(handle, prototype);
    assert.equal(isNodeSqliteHandle(handle), name === "node-sqlite");
  }
  await checkWorks(handle);
});

testNative("a closed handle is refused", async (handle) => {
  handle.close();
  assert.match(
    await refusal(handle),
    /which is not an open connection\. The handle is closed: open another/,
  );
});

testNative("statements and classes are no handles", async (handle) => {
  await refusal(handle.prepare("SELECT 1"));
  await refusal(handle.constructor);
});

testNative("options reach the connection", async (handle) => {
  await assert.rejects(adapt(handle, { intMode: "text" as never }), { name: "TypeError" });
  await assert.rejects(adapt(handle, { statementCacheSize: -1 }), { name: "RangeError" });
  const conn = await adapt(handle, { intMode: "bigint", statementCacheSize: 0 });
  assert.deepEqual((await conn.execute("SELECT 1 AS a")).rows, [{ a: 1n }]);
  await conn.close();
});

testNative("a connection of our own passes through", async (handle) => {
  const conn = await adapt(handle);
  assert.equal(await adapt(conn), conn);
  assert.equal(await adapt(conn, { intMode: "bigint" }), conn);
  await conn.close();
  assert.equal(await adapt(conn), conn);
});

test("three methods are a connection, whatever else is there", async () => {
  const stub = new StubConnection(1);
  const conn = await adapt(stub);
  assert.ok(conn instanceof ThreeMethodConnection);
  assert.equal(conn.raw, stub);
  assert.equal(await adapt(conn), conn);
  await conn.execute("SELECT 1");
  assert.equal(stub.executed, 1);
  const bare = Object.assign(Object.create(null), { execute() {}, rollback() {}, close() {} });
  assert.equal((await adapt(bare)).raw, bare);
});

test("a client of libSQL without a rollback of its own is not taken for three methods", async () => {
  const message = await refusal({ execute() {}, batch() {}, close() {} });
  assert.match(message, /It has no rollback\(\)\./);
});

const methods = (...names: string[]) => Object.fromEntries(names.map((name) => [name, () => {}]));

/** Objects that have much of a handle and are none. */
const lookAlikes: Readonly<Record<string, object>> = {
  "the methods without a mark": methods("prepare", "exec", "query", "close"),
  "the mark without the methods": { [Symbol.for("sqlite-type")]: "node:sqlite" },
  "the mark and methods that are none": {
    [Symbol.for("sqlite-type")]: "node:sqlite",
    ...{ prepare: 1, exec: true, close: "close" },
  },
  "another mark": {
    [Symbol.for("sqlite-type")]: "other:sqlite",
    ...methods("prepare", "exec", "query", "close"),
  },
  "the name of a class": new (class DatabaseSync {})(),
  "getters that throw": {
    get prepare(): never {
      throw new Error("no");
    },
    get execute(): never {
      throw new Error("no");
    },
  },
};

for (const [what, lookAlike] of Object.entries(lookAlikes)) {
  test(`a look-alike is refused: ${what}`, async () => {
    assert.match(await refusal(lookAlike), /It has no .*rollback\(\)/);
  });
}

const secret = "hunter2";

/** What is no connection, what it is called, and the hint. */
const mistakes: readonly (readonly [value: unknown, what: string, hint: string])[] = [
  [undefined, "undefined", "Did the factory forget to return the connection?"],
  [null, "null", "Did the factory forget to return the connection?"],
  [`file:app.db?token=${secret}`, "a string", "A path is not a handle: open it"],
  ["", "a string", "openDatabase(path)"],
  [class Database {}, "a function", "If it is a class, make a handle of it with new"],
  [() => secret, "a function", "if it is a function, call it"],
  [Promise.resolve(secret), "a Promise", "It is a promise: await it first."],
  [{ then() {} }, "an object", "It is a promise: await it first."],
  [{ secret }, "an object", "It has no execute() and no rollback() and no close()."],
  [methods("execute"), "an object", "It has no rollback() and no close()."],
  [methods("rollback", "close"), "an object", "It has no execute()."],
  [methods("execute", "rollback"), "an object", "It has no close()."],
  [{ execute: 1, rollback: 2, close: 3 }, "an object", "It has no execute()"],
  [[], "an array", "It has no execute()"],
  [new URL("file:///app.db"), "a URL", "It has no execute()"],
  [new Map(), "a Map", "It has no execute()"],
  [7, "a number", "Supported are"],
  [true, "a boolean", "Supported are"],
  [Symbol(secret), "a symbol", "Supported are"],
];

mistakes.forEach(([value, what, hint], index) => {
  test(`the error for ${what} helps: ${hint} (${index + 1})`, async () => {
    const message = await refusal(value);
    assert.ok(message.startsWith(`Got ${what}, which is not an open connection. `), message);
    assert.ok(message.includes(hint), message);
    assert.match(message, /Supported are handles of node:sqlite.*bun:sqlite.*better-sqlite3/);
    assert.ok(message.endsWith("and any object with execute(), rollback() and close()."), message);
    assert.ok(!message.includes(secret), message);
  });
});
