/** Integers in number mode, which is read without bigints where that is safe. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { BindValue, SQLiteValue } from "../../src/sqlite/types.ts";
import { arrayRow } from "../../src/sqlite/array_row.ts";
import { syncDrivers } from "../helpers/sync_connections.ts";

const width = 10;

/** A statement that gives its parameters back: one of 50, for one is read exactly for good. */
function echo(n: number): string {
  const columns = Array.from({ length: width }, (_, index) => `? AS c${n % 50}_${index}`);
  return `SELECT ${columns.join(", ")}`;
}

const value: fc.Arbitrary<BindValue> = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: BigInt(Number.MIN_SAFE_INTEGER), max: BigInt(Number.MAX_SAFE_INTEGER) }),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
  fc.uint8Array(),
);

const asNumber = (value: BindValue): SQLiteValue =>
  typeof value === "bigint" || typeof value === "boolean" ? Number(value) : value as SQLiteValue;

function assertSame(actual: SQLiteValue, expected: SQLiteValue): void {
  if (expected instanceof Uint8Array) assert.deepEqual(actual, expected);
  else assert.ok(Object.is(actual, expected), `${String(actual)} is not ${String(expected)}`);
}

/** Integers that a number cannot hold, some of which drivers round without a word. */
const large = [
  ...[2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n],
  ...[-(2n ** 53n), -(2n ** 53n) - 1n, -(2n ** 63n) + 1n, -(2n ** 63n)],
];

for (const { name, skip, open } of syncDrivers) {
  test(`${name}: 20,000 values come back as they were`, { skip }, async (t) => {
    const conn = open(t);
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: width, maxLength: width }), async (values) => {
        const sql = echo(runs++);
        const options = runs % 2 === 0 ? { rowFactory: arrayRow } : undefined;
        const { rows } = await conn.execute<object>(sql, values, options as undefined);
        Object.values(rows[0]).forEach((out, index) => assertSame(out, asNumber(values[index])));
      }),
      { numRuns: 20_000 / width },
    );
  });

  for (const integer of large) {
    test(`${name}: ${integer} is refused, whatever was read before`, { skip }, async (t) => {
      const conn = open(t);
      const sql = "SELECT ? AS small, ? AS large";
      const refused = { name: "SQLiteIntegerRangeError", column: "large" };
      for (const rowFactory of [undefined, arrayRow as () => object]) {
        for (const firstRowOnly of [false, true]) {
          const options = { rowFactory, firstRowOnly };
          const own = `${sql}, ${rowFactory === undefined}, ${firstRowOnly}`;
          await conn.execute(own, [1, 2], options);
          await assert.rejects(conn.execute(own, [1, integer], options), refused);
          await assert.rejects(conn.execute(own, [1, integer], options), refused);
          await conn.execute(own, [1, 2], options);
        }
      }
      await assert.rejects(conn.iterate(sql, [1, integer]).next(), refused);
    });
  }

  test(`${name}: large REALs are no integers`, { skip }, async (t) => {
    const conn = open(t);
    const reals = [2 ** 53, -(2 ** 53), 2 ** 63, -(2 ** 63), 1e300, -1e300, Infinity, -Infinity];
    for (const real of reals) {
      const { rows } = await conn.execute("SELECT ? AS r, typeof(?1) AS type", [real]);
      assert.deepEqual(rows, [{ r: real, type: "real" }]);
    }
  });

  test(`${name}: bigint mode tells INTEGER from REAL`, { skip }, async (t) => {
    const conn = open(t, { intMode: "bigint" });
    const sql = "SELECT ? AS a, ? AS b, ? AS c, ? AS d";
    const values = [1, 1.5, -0, 2n ** 62n];
    const expected = { a: 1n, b: 1.5, c: -0, d: 2n ** 62n };
    for (const firstRowOnly of [false, true]) {
      assert.deepEqual((await conn.execute(sql, values, { firstRowOnly })).rows, [expected]);
    }
    assert.deepEqual((await conn.iterate(sql, values).next()).value, expected);
  });

  test(`${name}: a large integer ends a cursor where it is`, { skip }, async (t) => {
    const conn = open(t);
    const cursor = conn.iterate("SELECT 1 AS n UNION ALL SELECT 1 << 60 UNION ALL SELECT 3");
    assert.deepEqual((await cursor.next()).value, { n: 1 });
    await assert.rejects(cursor.next(), { name: "SQLiteIntegerRangeError", column: "n" });
    assert.equal((await cursor.next()).done, true);
  });

  test(`${name}: rows of a write are exact, and it ran once`, { skip }, async (t) => {
    const conn = open(t);
    await conn.execute("CREATE TABLE t(a)");
    const insert = "INSERT INTO t VALUES (?), (?) RETURNING a";
    await assert.rejects(conn.execute(insert, [1, 2n ** 60n]), { name: "SQLiteIntegerRangeError" });
    assert.deepEqual((await conn.execute("SELECT count(*) AS n FROM t")).rows, [{ n: 2 }]);
  });
}
