import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { SqlQuery } from "../../src/sqlite/sql_query.ts";
import { ident, sql, type SqlArgument } from "../../src/sqlite/sql_tag.ts";

function check(query: SqlQuery, text: string, values: unknown[] = []): void {
  assert.ok(query instanceof SqlQuery);
  assert.deepEqual({ text: query.text, values: query.values }, { text, values });
}

test("values become parameters", () => {
  check(sql`SELECT 1`, "SELECT 1");
  check(sql`SELECT ${1}, ${"a"}`, "SELECT ?, ?", [1, "a"]);
  check(sql`${null}${true}${2n}`, "???", [null, true, 2n]);
  const bytes = Uint8Array.of(1);
  check(sql`SELECT ${bytes}`, "SELECT ?", [bytes]);
});

test("what looks like SQL is a value like any other", () => {
  const name = "x'; DROP TABLE users; --";
  check(sql`SELECT * FROM users WHERE name = ${name}`, "SELECT * FROM users WHERE name = ?", [
    name,
  ]);
});

test("queries compose", () => {
  const active = sql`active = ${true}`;
  const recent = sql`(${active} AND seen > ${5})`;
  check(
    sql`SELECT ${0} FROM users WHERE ${recent} LIMIT ${10}`,
    "SELECT ? FROM users WHERE (active = ? AND seen > ?) LIMIT ?",
    [0, true, 5, 10],
  );
});

test("lists are joined", () => {
  check(sql`id IN (${sql.join([1, 2, 3])})`, "id IN (?, ?, ?)", [1, 2, 3]);
  check(sql`id IN (${sql.join([])})`, "id IN ()");
  const conditions = [sql`a = ${1}`, sql`b = ${2}`];
  check(sql.join(conditions, sql` AND `), "a = ? AND b = ?", [1, 2]);
  check(sql.join([1, 2, 3], sql`|${0}|`), "?|?|?|?|?", [1, 0, 2, 0, 3]);
  check(sql.join([sql`x`, "y"]), "x, ?", ["y"]);
});

test("a long list is no problem", () => {
  const list = sql.join(Array.from({ length: 200_000 }, (_, index) => index));
  assert.equal(sql`${list}`.values.length, 200_000);
});

test("names are quoted", () => {
  check(ident("users"), '"users"');
  check(ident("main", "users", "created at"), '"main"."users"."created at"');
  check(ident('a"b"c'), '"a""b""c"');
  check(ident('"; DROP TABLE users; --'), '"""; DROP TABLE users; --"');
  check(sql`SELECT ${ident("a")} FROM ${ident("t")}`, 'SELECT "a" FROM "t"');
  check(sql`SELECT ${sql.ident("a")} FROM t`, 'SELECT "a" FROM t');
});

const badNames: readonly (readonly [what: string, name: unknown, says: RegExp])[] = [
  ["nothing", "", /must not be empty/],
  ["text with a NUL", "a\0b", /NUL/],
  ["half a surrogate pair", "\ud800", /surrogate/],
  ["undefined", undefined, /must be a string, not undefined/],
  ["a number", 1, /must be a string, not a number/],
];

for (const [what, name, says] of badNames) {
  test(`${what} is no name`, () => {
    assert.throws(() => ident(name as string), { name: "TypeError", message: says });
    assert.throws(() => ident("a", name as string), { name: "TypeError", message: says });
  });
}

const badValues: readonly (readonly [value: unknown, says: RegExp])[] = [
  [undefined, /^value 2 of the sql template is undefined/],
  [new Date(), /^value 2 of the sql template is a Date/],
  [NaN, /^value 2 of the sql template is NaN/],
  [{}, /^value 2 of the sql template is an object/],
  [() => 1, /^value 2 of the sql template is a function/],
  [[1, 2], /^value 2 of the sql template is an array: use sql\.join\(array\)/],
];

for (const [value, says] of badValues) {
  test(`a value is refused at once: ${says.source}`, () => {
    assert.throws(() => sql`SELECT ${1}, ${value as SqlArgument}`, { message: says });
  });
}

test("items of a list are checked, holes too", () => {
  const message = /^item 2 of sql\.join is undefined/;
  assert.throws(() => sql.join([1, undefined as unknown as number]), { message });
  const holes = [1];
  holes[2] = 3;
  assert.throws(() => sql.join(holes), { message });
});

test("lists and separators are what they must be", () => {
  assert.throws(() => sql.join("abc" as unknown as string[]), /needs an array .* not a string/);
  assert.throws(() => sql.join([1], ", " as unknown as SqlQuery), /separator .*must be a query/);
});

test("sql is a tag and no function of text", () => {
  const call = sql as unknown as (text: unknown) => SqlQuery;
  const id = "1; DROP TABLE users";
  assert.throws(() => call(`SELECT ${id}`), { name: "TypeError", message: /without \(\)/ });
  assert.throws(() => call(["SELECT 1"]), { name: "TypeError", message: /without \(\)/ });
});

test("a broken escape sequence is refused", () => {
  assert.throws(() => sql`SELECT '\u'`, { name: "TypeError", message: /escape sequence/ });
});

test("as a string, in JSON or on the console no value shows", () => {
  const query = sql`SELECT ${"secret"}`;
  assert.equal(`${query}`, "SELECT ?");
  assert.equal(JSON.stringify({ query }), '{"query":"SELECT ?"}');
  assert.doesNotMatch(inspect(query, { depth: 5, showHidden: true }), /secret/);
  assert.deepEqual(Object.keys(query), ["text"]);
});
