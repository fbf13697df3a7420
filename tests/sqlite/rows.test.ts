import assert from "node:assert/strict";
import { test } from "node:test";

import { SQLiteIntegerRangeError } from "../../src/sqlite/errors.ts";
import type { Row, SQLiteValue } from "../../src/sqlite/types.ts";
import {
  areTrusted,
  buildRows,
  type IntMode,
  objectRow,
  setColumn,
  settleIntegers,
} from "../../src/sqlite/rows.ts";
import { arrayRow } from "../../src/sqlite/array_row.ts";

const large = 2n ** 53n;
const limit = Number.MAX_SAFE_INTEGER;

/** Builds one row of one column. */
function settle(value: SQLiteValue, intMode: IntMode, exact: boolean): SQLiteValue | "again" {
  const rows = buildRows([[value]], ["n"], intMode, exact, ([value]) => value);
  return rows === undefined ? "again" : rows[0];
}

test("a row is a plain object in the order of its columns", () => {
  const row = objectRow([1, null, "x"], ["b", "a", "c"]);
  assert.deepEqual(Object.entries(row), [["b", 1], ["a", null], ["c", "x"]]);
  assert.equal(Object.getPrototypeOf(row), Object.prototype);
  assert.deepEqual(objectRow([], []), {});
});

test("the last of several columns of one name wins", () => {
  assert.deepEqual(objectRow([1, 2, 3], ["a", "b", "a"]), { a: 3, b: 2 });
});

test("arrayRow keeps columns of one name apart", () => {
  const rows = buildRows([[1, 2]], ["a", "a"], "number", true, arrayRow);
  assert.deepEqual(rows, [[1, 2]]);
});

test("columns with names that objects inherit are own properties", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "__defineGetter__", ""];
  const row = objectRow(names.map((_, index) => index), names);
  assert.deepEqual(Object.keys(row), names);
  assert.equal(Object.getPrototypeOf(row), Object.prototype);
  assert.equal(Object.getOwnPropertyDescriptor(row, "__proto__")?.value, 0);
  assert.deepEqual(Object.entries({ ...row })[0], ["__proto__", 0]);
  assert.equal(({} as Row).polluted, undefined);
});

test("__proto__ twice and overwritten is like any other column", () => {
  const row = objectRow([1, 2], ["__proto__", "__proto__"]);
  assert.deepEqual(Object.entries(row), [["__proto__", 2]]);
  const expected = { value: 3, writable: true, enumerable: true, configurable: true };
  setColumn(row, "__proto__", 3);
  setColumn(row, "a", 3);
  assert.deepEqual(Object.getOwnPropertyDescriptor(row, "__proto__"), expected);
  assert.deepEqual(Object.getOwnPropertyDescriptor(row, "a"), expected);
});

test("a row factory gets the values of each row and the names of the columns", () => {
  const columns = ["a", "b"];
  const calls: unknown[] = [];
  const rows = buildRows([[1, 2n], [null, "x"]], columns, "number", true, (values, names) => {
    calls.push([[...values], names === columns]);
    return calls.length;
  });
  assert.deepEqual(calls, [[[1, 2], true], [[null, "x"], true]]);
  assert.deepEqual(rows, [1, 2]);
});

test("a row factory is not called before all rows can be trusted", () => {
  let calls = 0;
  const factory = () => ++calls;
  assert.equal(buildRows([[1], [2 ** 53]], ["a"], "number", false, factory), undefined);
  assert.throws(() => buildRows([[1n], [large]], ["a"], "number", true, factory));
  assert.equal(calls, 0);
});

/** What comes out for a value that the driver gave, by mode and exactness. */
const integers: readonly (readonly [SQLiteValue, IntMode, exact: boolean, SQLiteValue])[] = [
  [0n, "number", true, 0],
  [-7n, "number", true, -7],
  [large - 1n, "number", true, limit],
  [1n - large, "number", true, -limit],
  [7n, "bigint", true, 7n],
  [large, "bigint", true, large],
  [7, "number", false, 7],
  [limit, "number", false, limit],
  [-limit, "number", false, -limit],
  // Read exactly, every number is a REAL.
  [2 ** 53, "number", true, 2 ** 53],
  [1e300, "number", true, 1e300],
  [-Infinity, "bigint", true, -Infinity],
  // Read otherwise, it may be an integer that was rounded.
  [2 ** 53, "number", false, "again"],
  [-(2 ** 53), "number", false, "again"],
  [1e300, "number", false, "again"],
  [Infinity, "number", false, "again"],
  [1.5, "number", false, 1.5],
  ["9007199254740993", "number", false, "9007199254740993"],
  [null, "number", false, null],
];

for (const [value, intMode, exact, expected] of integers) {
  const how = `${intMode}, ${exact ? "exact" : "fast"}`;
  test(`${typeof value} ${String(value)} comes out as ${String(expected)} (${how})`, () => {
    assert.equal(settle(value, intMode, exact), expected);
  });
}

for (const value of [large, -large, 2n ** 63n - 1n, -(2n ** 63n)]) {
  test(`${value} is no number, and the error names the column only`, () => {
    const build = () => settleIntegers([1n, value], ["id", "total"], "number", true);
    assert.throws(build, (error) => {
      assert.ok(error instanceof SQLiteIntegerRangeError);
      assert.equal(error.name, "SQLiteIntegerRangeError");
      assert.equal(error.code, "SQLITE_RANGE");
      assert.equal(error.column, "total");
      assert.match(error.message, /"total".*intMode: "bigint"/);
      assert.ok(!error.message.includes(String(value)));
      return true;
    });
  });
}

test("bytes and text pass through as they are", () => {
  const bytes = new Uint8Array([1]);
  const values = [bytes, "x", null];
  assert.equal(settleIntegers(values, ["a", "b", "c"], "number", false), true);
  assert.equal(values[0], bytes);
});

test("objects of a driver are trusted unless one number may have been rounded", () => {
  const columns = ["a", "b"];
  const trusted = [{ a: limit, b: "x" }, { a: -limit, b: 1.5 }, { a: null, b: large }];
  assert.ok(areTrusted([], columns));
  assert.ok(areTrusted(trusted, columns));
  assert.ok(!areTrusted([{ a: 1, b: 1 }, { a: 2 ** 53, b: 1 }], columns));
  assert.ok(!areTrusted([{ a: 1, b: -(2 ** 53) }], columns));
});
