// What TypeScript takes as parameters and gives as rows. The compiler checks what is expected to
// be an error here; the tests check that what it takes works.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BindParams } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";

interface User {
  readonly id: number;
  readonly name: string;
  /** A name that arrays have too. */
  readonly length: bigint | null;
}

interface Label {
  label?: string;
}

test("an interface is accepted as named parameters", async (t) => {
  const { db } = await openTestDatabase(t);
  await db.run("CREATE TABLE users (id INTEGER, name TEXT, length INTEGER)");
  const user: User = { id: 1, name: "Alice", length: null };
  const label: Label = { label: "a label" };
  await db.run("INSERT INTO users VALUES (:id, :name, :length)", user);
  await db.batch([{ sql: "INSERT INTO users VALUES (:id, :name, :length)", params: user }]);
  assert.deepEqual(await db.all<User>("SELECT * FROM users"), [user, user]);
  assert.equal(await db.value("SELECT :label", label), "a label");
});

test("a type of rows makes columns usable without a cast", async (t) => {
  const { db } = await openTestDatabase<User>(t);
  await db.run("CREATE TABLE users AS SELECT 1 AS id, 'Alice' AS name, NULL AS length");
  const ofDatabase = await db.get("SELECT * FROM users");
  const ofCall = await db.get<{ next: number }>("SELECT id + 1 AS next FROM users");
  assert.ok(ofDatabase !== undefined && ofCall !== undefined);
  assert.equal(ofDatabase.id + 1, ofCall.next);
});

test("what is no set of parameters is refused by the compiler and when it runs", async (t) => {
  const { db } = await openTestDatabase(t);
  const date = new Date(0);
  const bytes = new Uint8Array(1);
  const refused: BindParams[] = [
    // @ts-expect-error: a Date in a list
    [date],
    // @ts-expect-error: a Date by name
    { a: date },
    // @ts-expect-error: an object by name
    { a: { b: 1 } },
    // @ts-expect-error: undefined in a list
    [undefined],
    // @ts-expect-error: a Date alone
    date,
    // @ts-expect-error: a map
    new Map([["a", 1]]),
    // @ts-expect-error: a function
    () => 1,
    // @ts-expect-error: text alone
    "text",
    // @ts-expect-error: bytes alone
    bytes,
    // @ts-expect-error: a buffer alone
    bytes.buffer,
    // @ts-expect-error: a promise
    Promise.resolve([1]),
  ];
  for (const params of refused) {
    await assert.rejects(db.get("SELECT :a", params), TypeError);
  }
});
