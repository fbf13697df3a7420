/** A client that `@libsql/client`'s users know, over a pooled database. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Client, Config, InStatement, InValue, LibsqlError } from "@libsql/client";

import {
  createClient,
  LibsqlError as PoolLibsqlError,
} from "../../integrations/libsql_client/create_client.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";

const SCHEMA = `
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age REAL);
  CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users,
    title TEXT NOT NULL
  );
`;
const ADD = "INSERT INTO users (name) VALUES (?)";

/** A client on a file of its own with some tables. */
async function openClient(t: TestContext, config: Partial<Config> = {}): Promise<Client> {
  const client = createClient({ url: `file:${join(temporaryDirectory(t), "test.db")}`, ...config });
  t.after(() => client.close());
  await client.executeMultiple(SCHEMA);
  return client;
}

function check(name: string, fn: (client: Client, t: TestContext) => Promise<void>): void {
  test(name, async (t) => await fn(await openClient(t), t));
}

async function names(client: Client): Promise<unknown[]> {
  const { rows } = await client.execute("SELECT name FROM users ORDER BY id");
  return rows.map(({ name }) => name);
}

const code = (expected: string) => (error: LibsqlError): boolean => {
  assert.ok(error instanceof PoolLibsqlError, String(error));
  assert.equal(error.code, expected);
  assert.ok(error.message.startsWith(`${expected}: `), error.message);
  return true;
};

// execute

check("a row has its values by name and by index", async (client) => {
  const { columns, rows } = await client.execute("SELECT 1 AS one, 'two' AS two, 0.5 AS three");
  assert.deepEqual(columns, ["one", "two", "three"]);
  const [row] = rows;
  assert.equal(row.length, 3);
  assert.deepEqual(Array.from(row as unknown as ArrayLike<unknown>), [1, "two", 0.5]);
  assert.deepEqual(Object.entries(row), [["one", 1], ["two", "two"], ["three", 0.5]]);
});

check("of columns with one name the row has the first, and all by index", async (client) => {
  const { columns, rows: [row] } = await client.execute("SELECT 1 AS a, 2 AS a");
  assert.deepEqual(columns, ["a", "a"]);
  assert.deepEqual([row.a, row[0], row[1]], [1, 1, 2]);
});

check("columns and their declared types are there without rows", async (client) => {
  const { columns, columnTypes, rows } = await client.execute("SELECT id, name, age, 1 FROM users");
  assert.deepEqual(columns, ["id", "name", "age", "1"]);
  assert.deepEqual(columnTypes, ["INTEGER", "TEXT", "REAL", ""]);
  assert.deepEqual(rows, []);
});

check("an insert tells its rowid and the rows it wrote", async (client) => {
  const result = await client.execute(ADD, ["Alice"]);
  assert.equal(result.rowsAffected, 1);
  assert.equal(result.lastInsertRowid, 1n);
  const update = await client.execute("UPDATE users SET age = 1");
  assert.equal(update.rowsAffected, 1);
});

check("RETURNING gives rows", async (client) => {
  const { rows, rowsAffected } = await client.execute(`${ADD} RETURNING id, name`, ["Alice"]);
  assert.deepEqual(rows.map(({ id, name }) => [id, name]), [[1, "Alice"]]);
  assert.equal(rowsAffected, 1);
});

check("a CTE that writes finds its way to the writer", async (client) => {
  await client.execute(
    "WITH n(x) AS (VALUES ('a'), ('b')) INSERT INTO users (name) SELECT x FROM n",
  );
  assert.deepEqual(await names(client), ["a", "b"]);
});

check(
  "statements come as text, as an object and with arguments beside the text",
  async (client) => {
    await client.execute("INSERT INTO users (name) VALUES ('a')");
    await client.execute({ sql: ADD, args: ["b"] });
    await client.execute(ADD, ["c"]);
    await client.execute({ sql: "INSERT INTO users (name) VALUES ('d')" });
    assert.deepEqual(await names(client), ["a", "b", "c", "d"]);
  },
);

for (const prefix of [":", "@", "$"]) {
  check(
    `named arguments with ${prefix} in SQL, with and without it in the call`,
    async (client) => {
      const sql = `SELECT ${prefix}first AS a, ${prefix}second AS b`;
      const { rows: [row] } = await client.execute({
        sql,
        args: { first: 1, [`${prefix}second`]: "two" },
      });
      assert.deepEqual([row.a, row.b], [1, "two"]);
    },
  );
}

check("toJSON shows integers as text where JSON has none, and bytes as base64", async (client) => {
  const result = await client.execute("SELECT 1 AS a, x'010203' AS b, NULL AS c");
  assert.deepEqual(JSON.parse(JSON.stringify(result)), {
    columns: ["a", "b", "c"],
    columnTypes: ["", "", ""],
    rows: [[1, "AQID", null]],
    rowsAffected: 0,
    lastInsertRowid: null,
  });
});

// values

const roundTrips: readonly (readonly [string, InValue, unknown])[] = [
  ["a string", "boomerang", "boomerang"],
  ["a string with NUL-free weird characters", "a\n\r\t ä 🧑", "a\n\r\t ä 🧑"],
  ["zero", 0, 0],
  ["a whole number", -2023, -2023],
  ["a fraction", 0.25, 0.25],
  ["the largest safe integer", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ["a small bigint", 42n, 42],
  ["null", null, null],
  ["true", true, 1],
  ["false", false, 0],
  ["a date", new Date("2023-01-01T12:34:56Z"), 1672576496000],
];
for (const [name, value, expected] of roundTrips) {
  check(`round trip of ${name}`, async (client) => {
    const { rows: [row] } = await client.execute("SELECT ? AS value", [value]);
    assert.equal(row.value, expected);
  });
}

const bytes = new Uint8Array([1, 2, 3, 250]);
for (
  const [name, value] of [
    ["an ArrayBuffer", bytes.buffer.slice(0)],
    ["a Uint8Array", bytes],
    ["a part of a larger buffer", new Uint8Array([9, 1, 2, 3, 250, 9]).subarray(1, 5)],
    ["no bytes", new Uint8Array()],
  ] as const
) {
  check(`bytes come back as an ArrayBuffer: ${name}`, async (client) => {
    const { rows: [row] } = await client.execute("SELECT ? AS value", [value]);
    assert.ok(row.value instanceof ArrayBuffer);
    assert.deepEqual([...new Uint8Array(row.value)], [...new Uint8Array(value)]);
  });
}

for (
  const [name, value, kind] of [
    ["undefined", undefined, TypeError],
    ["NaN", NaN, RangeError],
    ["Infinity", Infinity, RangeError],
    ["a bigint of more than 64 bits", 2n ** 63n, RangeError],
  ] as const
) {
  check(`${name} is refused as an argument`, async (client) => {
    const args = [value as InValue];
    await assert.rejects(client.execute("SELECT ?", args), kind);
    await assert.rejects(client.batch([{ sql: "SELECT ?", args }]), kind);
  });
}

const LARGE = 9007199254740993n;
for (
  const [intMode, expected] of [["bigint", LARGE], ["string", String(LARGE)]] as const
) {
  test(`integers as ${intMode}`, async (t) => {
    const client = await openClient(t, { intMode });
    const { rows: [row] } = await client.execute("SELECT ? AS value", [LARGE]);
    assert.equal(row.value, expected);
    const { rows: [small] } = await client.execute("SELECT 1 AS value");
    assert.equal(small.value, intMode === "bigint" ? 1n : "1");
  });
}

check("an integer that no number holds is refused, and the write with it", async (client) => {
  await assert.rejects(client.execute("SELECT ? AS value", [LARGE]), RangeError);
  await client.execute("CREATE TABLE large (n INTEGER)");
  await assert.rejects(
    client.execute("INSERT INTO large VALUES (?) RETURNING n", [LARGE]),
    RangeError,
  );
  const { rows } = await client.execute("SELECT n FROM large");
  assert.deepEqual(rows, []);
});

// errors

check("errors have a code, an extended code and a number", async (client) => {
  await client.execute(ADD, ["Alice"]);
  await assert.rejects(client.execute(ADD, ["Alice"]), (error: LibsqlError) => {
    code("SQLITE_CONSTRAINT")(error);
    assert.equal(error.extendedCode, "SQLITE_CONSTRAINT_UNIQUE");
    assert.equal(error.rawCode, 2067);
    assert.match(error.message, /UNIQUE constraint failed: users\.name/);
    return true;
  });
});

check("a syntax error and a missing table are SQLITE_ERROR", async (client) => {
  await assert.rejects(client.execute("SELEC 1"), code("SQLITE_ERROR"));
  await assert.rejects(client.execute("SELECT * FROM nowhere"), code("SQLITE_ERROR"));
});

check("two statements in one execute are refused", async (client) => {
  await assert.rejects(client.execute("SELECT 1; SELECT 2"));
});

check(
  "transaction control outside a transaction is refused, with the way to do it",
  async (client) => {
    await assert.rejects(client.execute("BEGIN"), /BEGIN/);
  },
);

const badConfigs: readonly (readonly [string, unknown, string | RegExp])[] = [
  ["a scheme that nobody knows", { url: "ftp://localhost" }, "URL_SCHEME_NOT_SUPPORTED"],
  ["a parameter that nobody knows", { url: "ws://localhost?foo=bar" }, "URL_PARAM_NOT_SUPPORTED"],
  ["http with TLS", { url: "http://localhost?tls=1" }, "URL_INVALID"],
  ["https without TLS", { url: "https://localhost?tls=0" }, "URL_INVALID"],
  ["libsql without TLS and port", { url: "libsql://localhost?tls=0" }, "URL_INVALID"],
  ["a strange value of tls", { url: "libsql://localhost?tls=yes" }, "URL_INVALID"],
  ["no URL", {}, "URL_INVALID"],
  [
    "an option that it has no use for",
    { url: ":memory:", encryptionKey: "k" },
    "OPTION_NOT_SUPPORTED",
  ],
  ["text instead of an object", "ws://localhost", /as object, got string/],
  ["a strange intMode", { url: ":memory:", intMode: "foo" }, /"foo"/],
];
for (const [name, config, expected] of badConfigs) {
  test(`createClient refuses ${name}`, () => {
    const matches = typeof expected === "string" ? code(expected) : expected;
    assert.throws(() => createClient(config as Config), matches);
  });
}

test("a file that cannot be opened is told by the first call, and by the next", async (t) => {
  const client = createClient({
    url: `file:${join(temporaryDirectory(t), "no", "such", "folder.db")}`,
  });
  await assert.rejects(client.execute("SELECT 1"), code("SQLITE_CANTOPEN"));
  await assert.rejects(client.execute("SELECT 1"), code("SQLITE_CANTOPEN"));
  client.close();
});

// batch

check("a batch gives a result for each statement", async (client) => {
  const results = await client.batch([
    { sql: ADD, args: ["a"] },
    [ADD, ["b"]],
    "UPDATE users SET age = 3",
    "SELECT name, age FROM users ORDER BY id",
  ], "write");
  assert.deepEqual(results.map(({ rowsAffected }) => rowsAffected), [1, 1, 2, 0]);
  assert.deepEqual(results[3].rows.map((row) => [row.name, row[1]]), [["a", 3], ["b", 3]]);
});

check("an empty batch has no results", async (client) => {
  assert.deepEqual(await client.batch([]), []);
});

for (const mode of ["write", "deferred"] as const) {
  check(
    `a batch that fails leaves nothing and tells which statement it was: ${mode}`,
    async (client) => {
      const batch = client.batch([[ADD, ["a"]], [ADD, ["b"]], [ADD, ["a"]]], mode);
      await assert.rejects(batch, (error: LibsqlError & { statementIndex: number }) => {
        code("SQLITE_CONSTRAINT")(error);
        assert.equal(error.statementIndex, 2);
        assert.equal(error.name, "LibsqlBatchError");
        return true;
      });
      assert.deepEqual(await names(client), []);
    },
  );
}

check("a batch of reads sees one state, and cannot write", async (client) => {
  await client.execute(ADD, ["a"]);
  const reading = client.batch(
    ["SELECT count(*) AS n FROM users", "SELECT name FROM users"],
    "read",
  );
  const [count, rows] = await reading;
  assert.equal(count.rows[0].n, 1);
  assert.equal(rows.rows[0].name, "a");
  await assert.rejects(client.batch([[ADD, ["b"]]], "read"), code("SQLITE_READONLY"));
});

check("a mode that nobody knows is refused", async (client) => {
  await assert.rejects(client.batch(["SELECT 1"], "foo" as "read"), RangeError);
  await assert.rejects(client.transaction("foo" as "read"), RangeError);
});

check("a hundred batches at once, of which a tenth fail", async (client) => {
  const settled = await Promise.allSettled(
    Array.from(
      { length: 100 },
      (_, n) =>
        client.batch([[ADD, [`a${n}`]], [ADD, [n % 10 === 0 ? `a${n}` : `b${n}`]]], "write"),
    ),
  );
  assert.equal(settled.filter(({ status }) => status === "rejected").length, 10);
  assert.equal((await names(client)).length, 180);
});

// transaction

check("a transaction commits what it did", async (client) => {
  const tx = await client.transaction("write");
  await tx.execute({ sql: ADD, args: ["a"] });
  assert.deepEqual((await tx.execute("SELECT name FROM users")).rows.map((row) => row[0]), ["a"]);
  assert.deepEqual(await names(client), [], "nobody else sees it before");
  assert.equal(tx.closed, false);
  await tx.commit();
  assert.equal(tx.closed, true);
  assert.deepEqual(await names(client), ["a"]);
});

for (
  const [name, end] of [
    ["rollback", (tx: { rollback(): Promise<void> }) => tx.rollback()],
    ["close", (tx: { close(): void }) => Promise.resolve(tx.close())],
  ] as const
) {
  check(`${name} undoes what a transaction did, and may be called twice`, async (client) => {
    const tx = await client.transaction("write");
    await tx.execute({ sql: ADD, args: ["a"] });
    await end(tx);
    await end(tx);
    assert.equal(tx.closed, true);
    await client.execute(ADD, ["b"]);
    assert.deepEqual(await names(client), ["b"]);
  });
}

check("a transaction that is over refuses everything else", async (client) => {
  const tx = await client.transaction("write");
  await tx.commit();
  const closed = code("TRANSACTION_CLOSED");
  await assert.rejects(tx.execute("SELECT 1"), closed);
  await assert.rejects(tx.batch(["SELECT 1"]), closed);
  await assert.rejects(tx.executeMultiple("SELECT 1"), closed);
  await assert.rejects(tx.commit(), closed);
});

check("a statement that fails does not end its transaction", async (client) => {
  const tx = await client.transaction("write");
  await tx.execute({ sql: ADD, args: ["a"] });
  await assert.rejects(tx.execute({ sql: ADD, args: ["a"] }), code("SQLITE_CONSTRAINT"));
  await tx.execute({ sql: ADD, args: ["b"] });
  await tx.commit();
  assert.deepEqual(await names(client), ["a", "b"]);
});

check(
  "a transaction that SQLite has ended is closed, and nothing more is written",
  async (client) => {
    await client.execute(ADD, ["a"]);
    const tx = await client.transaction("write");
    await tx.execute({ sql: ADD, args: ["b"] });
    const rollsBack = { sql: "INSERT OR ROLLBACK INTO users (name) VALUES (?)", args: ["a"] };
    await assert.rejects(tx.execute(rollsBack), code("SQLITE_CONSTRAINT"));
    assert.equal(tx.closed, true);
    await assert.rejects(tx.execute({ sql: ADD, args: ["c"] }), code("TRANSACTION_CLOSED"));
    tx.close();
    assert.deepEqual(await names(client), ["a"]);
  },
);

check(
  "a batch inside a transaction stops at a failure and keeps what came before",
  async (client) => {
    const tx = await client.transaction("write");
    const statements: InStatement[] = [
      { sql: ADD, args: ["a"] },
      { sql: ADD, args: ["a"] },
      { sql: ADD, args: ["b"] },
    ];
    await assert.rejects(
      tx.batch(statements),
      (error: LibsqlError & { statementIndex: number }) => {
        assert.equal(error.statementIndex, 1);
        return code("SQLITE_CONSTRAINT")(error);
      },
    );
    await tx.commit();
    assert.deepEqual(await names(client), ["a"]);
  },
);

check("a script inside a transaction", async (client) => {
  const tx = await client.transaction("write");
  await tx.executeMultiple(
    "INSERT INTO users (name) VALUES ('a'); INSERT INTO users (name) VALUES ('b');",
  );
  await tx.rollback();
  assert.deepEqual(await names(client), []);
});

check("a read transaction keeps its snapshot and cannot write", async (client) => {
  await client.execute(ADD, ["a"]);
  const tx = await client.transaction("read");
  const count = async (): Promise<unknown> =>
    (await tx.execute("SELECT count(*) AS n FROM users")).rows[0].n;
  assert.equal(await count(), 1);
  await client.execute(ADD, ["b"]);
  assert.equal(await count(), 1);
  await assert.rejects(tx.execute({ sql: ADD, args: ["c"] }), code("SQLITE_READONLY"));
  tx.close();
  assert.deepEqual(await names(client), ["a", "b"]);
});

check("writes wait for a write transaction, and reads do not", async (client) => {
  const tx = await client.transaction("write");
  await tx.execute({ sql: ADD, args: ["a"] });
  const waiting = client.execute(ADD, ["b"]);
  const second = client.transaction("write");
  assert.deepEqual(await names(client), []);
  await tx.commit();
  await waiting;
  const next = await second;
  await next.execute({ sql: ADD, args: ["c"] });
  await next.commit();
  assert.deepEqual(await names(client), ["a", "b", "c"]);
});

check("two transactions at once, one of which rolls back, beside plain writes", async (client) => {
  const work = async (name: string, end: "commit" | "rollback"): Promise<void> => {
    const tx = await client.transaction("write");
    for (let n = 0; n < 5; n++) {
      await tx.execute({ sql: ADD, args: [`${name}${n}`] });
      await Promise.resolve();
    }
    await tx[end]();
  };
  await Promise.all([
    work("kept", "commit"),
    work("undone", "rollback"),
    client.execute(ADD, ["plain1"]),
    client.execute(ADD, ["plain2"]),
  ]);
  const found = (await names(client)).map(String).sort();
  assert.deepEqual(found, ["kept0", "kept1", "kept2", "kept3", "kept4", "plain1", "plain2"]);
});

// migrate, executeMultiple, sync, close

check("migrate runs without foreign keys, and they are back afterwards", async (client) => {
  await client.batch([[ADD, ["a"]], "INSERT INTO posts (user_id, title) VALUES (1, 't')"], "write");
  const orphan = "INSERT INTO posts (user_id, title) VALUES (99, 'orphan')";
  await client.migrate([
    orphan,
    "DELETE FROM posts WHERE user_id = 99",
    "ALTER TABLE posts ADD body",
  ]);
  await assert.rejects(client.execute(orphan), code("SQLITE_CONSTRAINT"));
});

check("a migration that fails leaves nothing and tells where", async (client) => {
  const migration = client.migrate(["CREATE TABLE a (x)", "CREATE TABLE a (x)"]);
  await assert.rejects(migration, (error: LibsqlError & { statementIndex: number }) => {
    assert.equal(error.statementIndex, 1);
    return code("SQLITE_ERROR")(error);
  });
  await client.execute("CREATE TABLE a (x)");
});

check("a script stops at its first failure, and what came before stays", async (client) => {
  const script =
    "INSERT INTO users (name) VALUES ('a'); SELECT nowhere; INSERT INTO users (name) VALUES ('b')";
  await assert.rejects(client.executeMultiple(script), code("SQLITE_ERROR"));
  assert.deepEqual(await names(client), ["a"]);
});

check("only a replica can sync", async (client) => {
  await assert.rejects(client.sync(), code("SYNC_NOT_SUPPORTED"));
});

check("a closed client refuses calls, and opens again", async (client) => {
  await client.execute(ADD, ["a"]);
  assert.equal(client.closed, false);
  client.close();
  client.close();
  assert.equal(client.closed, true);
  const closed = code("CLIENT_CLOSED");
  await assert.rejects(client.execute("SELECT 1"), closed);
  await assert.rejects(client.batch(["SELECT 1"]), closed);
  await assert.rejects(client.transaction(), closed);
  client.reconnect();
  assert.equal(client.closed, false);
  assert.deepEqual(await names(client), ["a"]);
});

test("a database in memory is one for the whole client", async (t) => {
  for (const url of [":memory:", "file::memory:", "file::memory:?cache=shared"]) {
    const client = createClient({ url });
    t.after(() => client.close());
    await client.execute("CREATE TABLE t (n)");
    const tx = await client.transaction("write");
    await tx.execute("INSERT INTO t VALUES (1)");
    await tx.commit();
    assert.equal((await client.execute("SELECT n FROM t")).rows[0].n, 1);
    assert.equal(client.protocol, "file");
  }
});

test("a database of somebody else's stays open when its client is closed", async (t) => {
  const { db } = await openTestDatabase(t);
  const client = createClient(db);
  await client.executeMultiple(SCHEMA);
  await client.execute(ADD, ["a"]);
  await client.batch([[ADD, ["b"]]], "write");
  assert.deepEqual(await names(client), ["a", "b"]);
  client.close();
  assert.equal(await db.value("SELECT count(*) FROM users"), 2);
});

check("a thousand requests at once, one of ten of which writes", async (client) => {
  await client.execute(ADD, ["a"]);
  const results = await Promise.all(
    Array.from(
      { length: 1_000 },
      (_, n) =>
        n % 10 === 0
          ? client.execute(ADD, [`n${n}`])
          : client.execute("SELECT name FROM users WHERE id = ?", [1]),
    ),
  );
  assert.ok(results.every(({ rows }, n) => n % 10 === 0 || rows[0].name === "a"));
  assert.equal((await names(client)).length, 101);
});
