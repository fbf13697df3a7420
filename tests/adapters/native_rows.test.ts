/** Rows with unusual columns, by every way to read them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { adaptNodeSqlite, type NodeSqliteHandle } from "../../adapters/node_sqlite/adapter.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import { arrayRow } from "../../src/sqlite/array_row.ts";
import { syncDrivers } from "../helpers/sync_connections.ts";

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

const names: Readonly<Record<string, readonly string[]>> = {
  "twice the same name": ["a", "b", "a"],
  "names that objects inherit": ["__proto__", "constructor", "toString", "hasOwnProperty"],
  "__proto__ twice": ["__proto__", "a", "__proto__"],
  "names that are numbers": ["b", "1", "0", "-1", "1.5"],
  "unusual characters": [" ", "a b", 'a"b', "a.b", "ä", "😀", "__PROTO__", "then", "length"],
  "a hundred columns": Array.from({ length: 100 }, (_, index) => `c${index}`),
  "the same name in another case": ["a", "A"],
};

/** The one row of a statement as an object and as an array, and its columns where they are told. */
const ways: Readonly<
  Record<string, (conn: DriverConnection, sql: string) => Promise<[object, unknown, unknown?]>>
> = {
  execute: async (conn, sql) => {
    const { rows, columns } = await conn.execute(sql);
    const arrays = await conn.execute(sql, [], { rowFactory: arrayRow });
    assert.deepEqual(arrays.columns, columns);
    return [rows[0], arrays.rows[0], columns];
  },
  "execute for the first row": async (conn, sql) => {
    const firstRowOnly = true;
    const { rows, columns } = await conn.execute(sql, [], { firstRowOnly });
    const arrays = await conn.execute(sql, [], { firstRowOnly, rowFactory: arrayRow });
    return [rows[0], arrays.rows[0], columns];
  },
  iterate: async (conn, sql) => {
    const arrays = conn.iterate(sql, [], { rowFactory: arrayRow });
    return [(await conn.iterate(sql).next()).value!, (await arrays.next()).value];
  },
};

for (const { name: driver, skip, open } of syncDrivers) {
  for (const intMode of ["number", "bigint"] as const) {
    for (const [way, read] of Object.entries(ways)) {
      for (const [what, columns] of Object.entries(names)) {
        test(`${driver}, ${intMode}s, ${way}: ${what}`, { skip }, async (t) => {
          const conn = open(t, { intMode });
          const values = columns.map((_, index) => intMode === "number" ? index : BigInt(index));
          const sql = `SELECT ${columns.map((name, i) => `${i} AS ${quote(name)}`).join(", ")}`;
          for (const _time of ["prepared", "kept"]) {
            const [row, array, told = columns] = await read(conn, sql);
            assert.deepEqual(array, values);
            assert.deepEqual(told, columns);
            assert.equal(Object.getPrototypeOf(row), Object.prototype);
            const expected = new Map(columns.map((name, index) => [name, values[index]]));
            assert.deepEqual(new Map(Object.entries(row)), expected);
          }
        });
      }
    }
  }
}

test("names are read again only when SQLite has prepared the statement again", async () => {
  let reads = 0;
  let reprepares = 0;
  const statement = {
    all: () => [[1]],
    get: () => ["a"],
    iterate: () => [].values(),
    columns: () => (reads++, [{ name: `a${reprepares}` }]),
    stat: () => reprepares,
    setReturnArrays() {},
    setReadBigInts() {},
    close() {},
  };
  const handle = { isOpen: true, isTransaction: false, prepare: () => statement, close() {} };
  const conn = adaptNodeSqlite(handle as unknown as NodeSqliteHandle);
  const namesOf = async (sql: string) => (await conn.execute(sql)).columns;
  assert.deepEqual(await namesOf("SELECT * FROM t"), ["a0"]);
  assert.deepEqual(await namesOf("SELECT * FROM t"), ["a0"]);
  assert.equal(reads, 1);
  reprepares = 1;
  assert.deepEqual(await namesOf("SELECT * FROM t"), ["a1"]);
  assert.deepEqual(await namesOf("SELECT * FROM t"), ["a1"]);
  assert.equal(reads, 2);
  await conn.close();
});
