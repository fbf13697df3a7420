/** Parameters by position and by name: each finds its place, and none is left over. */

import assert from "node:assert/strict";

import type { DriverLimit } from "../../../adapters/limits.ts";
import { type BindParams, SQLiteError, type SQLiteValue } from "../../../mod.ts";
import type { Case } from "../suite.ts";

interface Binding {
  readonly sql: string;
  readonly params: BindParams;
  readonly row: SQLiteValue[];
  readonly limit?: DriverLimit;
}

const bindings: readonly Binding[] = [
  { sql: "SELECT ? AS a", params: [1], row: [1] },
  { sql: "SELECT ? AS a, ? AS b, ? AS c", params: [1, "x", null], row: [1, "x", null] },
  { sql: "SELECT ?1 AS a, ?2 AS b", params: ["x", "y"], row: ["x", "y"] },
  { sql: "SELECT ?2 AS a, ?1 AS b", params: ["x", "y"], row: ["y", "x"] },
  { sql: "SELECT ?1 AS a, ?1 AS b", params: ["x"], row: ["x", "x"] },
  { sql: "SELECT ?3 AS a", params: [1, 2, 3], row: [3] },
  { sql: "SELECT ?3 AS a, ? AS b", params: [1, 2, 3, 4], row: [3, 4] },
  { sql: "SELECT ? AS a, ?1 AS b", params: ["x"], row: ["x", "x"] },
  { sql: "SELECT :a AS a", params: { a: 1 }, row: [1] },
  { sql: "SELECT :a AS a", params: { ":a": 1 }, row: [1] },
  { sql: "SELECT @a AS a", params: { a: 1 }, row: [1] },
  { sql: "SELECT @a AS a", params: { "@a": 1 }, row: [1] },
  { sql: "SELECT $a AS a", params: { a: 1 }, row: [1] },
  { sql: "SELECT $a AS a", params: { $a: 1 }, row: [1] },
  { sql: "SELECT :b AS a, :a AS b", params: { a: 1, b: 2 }, row: [2, 1] },
  { sql: "SELECT :a AS a, :a AS b", params: { a: 1 }, row: [1, 1] },
  { sql: "SELECT :a AS a, :b AS b", params: ["x", "y"], row: ["x", "y"] },
  { sql: "SELECT :a AS a, @b AS b, $c AS c", params: { a: 1, b: 2, c: 3 }, row: [1, 2, 3] },
  { sql: "SELECT ? AS a, :b AS b, ? AS c", params: [1, 2, 3], row: [1, 2, 3] },
  { sql: "SELECT :a AS a, :A AS b", params: { a: 1, A: 2 }, row: [1, 2] },
  { sql: "SELECT :größe AS a", params: { größe: 1 }, row: [1] },
  { sql: "SELECT :a1_2 AS a", params: { a1_2: 1 }, row: [1] },
  { sql: "SELECT :constructor AS a", params: { constructor: 1 } as BindParams, row: [1] },
  { sql: "SELECT ':a' AS a, ? AS b", params: [1], row: [":a", 1] },
  { sql: "SELECT 1 AS a -- ?\n, ? AS b /* :c */", params: [2], row: [1, 2] },
  {
    sql: "SELECT :a AS a, @a AS b, $a AS c",
    params: { ":a": 1, "@a": 2, $a: 3 },
    row: [1, 2, 3],
    limit: "prefix-names",
  },
];

const mismatches: readonly (readonly [string, string, unknown, ErrorConstructor])[] = [
  ["none for one", "SELECT ? AS a", undefined, RangeError],
  ["an empty array for one", "SELECT ? AS a", [], RangeError],
  ["one for two", "SELECT ? AS a, ? AS b", [1], RangeError],
  ["two for one", "SELECT ? AS a", [1, 2], RangeError],
  ["one for none", "SELECT 1 AS a", [1], RangeError],
  ["two for ?3", "SELECT ?3 AS a", [1, 2], RangeError],
  ["no value for a name", "SELECT :a AS a, :b AS b", { a: 1 }, RangeError],
  ["an unknown name", "SELECT :a AS a", { a: 1, b: 2 }, RangeError],
  ["another prefix", "SELECT :a AS a", { "@a": 1 }, RangeError],
  ["an inherited name", "SELECT :toString AS a", {}, RangeError],
  ["a name given twice", "SELECT :a AS a", { a: 1, ":a": 2 }, TypeError],
  ["names for positions", "SELECT ? AS a", { a: 1 }, TypeError],
  ["a bare value", "SELECT ? AS a", 1, TypeError],
  ["a bare text", "SELECT ? AS a", "a", TypeError],
  ["a bare blob", "SELECT ? AS a", new Uint8Array(1), TypeError],
  ["a bare Date", "SELECT ? AS a", new Date(0), TypeError],
  ["null", "SELECT ? AS a", null, TypeError],
];

const numbers = Array.from({ length: 1000 }, (_, index) => index);
const thousand = {
  sql: `SELECT ${numbers.map((number) => `? AS c${number}`).join()}`,
  params: numbers,
};

export const parameterCases: readonly Case[] = [
  ...bindings.map(({ sql, params, row, limit }): Case => ({
    name: `${sql.replace("\n", " ")} with ${JSON.stringify(params)}`,
    limit,
    async run({ open }) {
      const conn = await open();
      const rowFactory = (values: SQLiteValue[]) => values;
      assert.deepEqual((await conn.execute(sql, params, { rowFactory })).rows, [row]);
    },
    async refused({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute(sql, params), SQLiteError);
    },
  })),
  ...mismatches.map(([name, sql, params, type]): Case => ({
    name: `${name} is an error`,
    async run({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute(sql, params as BindParams), type);
      assert.deepEqual((await conn.execute("SELECT 1 AS a")).rows, [{ a: 1 }]);
    },
  })),
  {
    name: "no call sees the parameters of the one before",
    async run({ open }) {
      const conn = await open();
      const sql = "SELECT ? AS a";
      await conn.execute(sql, ["secret"]);
      await assert.rejects(conn.execute(sql), RangeError);
      assert.deepEqual((await conn.execute(sql, [null])).rows, [{ a: null }]);
    },
  },
  {
    name: "a thousand parameters",
    limit: "hundred-parameters",
    async run({ open }) {
      const conn = await open();
      const { rows } = await conn.execute(thousand.sql, thousand.params, {
        rowFactory: (values) => [...values],
      });
      assert.deepEqual(rows, [thousand.params]);
    },
    async refused({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute(thousand.sql, thousand.params), SQLiteError);
    },
  },
  {
    name: "parameters in WHERE, IN, LIMIT and a function",
    async run({ open }) {
      const conn = await open();
      await conn.execute("CREATE TABLE t (a, b)");
      for (let a = 1; a <= 5; a++) await conn.execute("INSERT INTO t VALUES (?, ?)", [a, `b${a}`]);
      const { rows } = await conn.execute(
        "SELECT a, upper(b || ?) AS b FROM t WHERE a > ? AND a IN (?, ?, ?) ORDER BY a LIMIT ?",
        ["x", 1, 1, 3, 4, 1],
      );
      assert.deepEqual(rows, [{ a: 3, b: "B3X" }]);
    },
  },
];
