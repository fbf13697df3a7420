/** Every type of value at its edges: what is stored, and what comes out again. */

import assert from "node:assert/strict";

import type { DriverLimit } from "../../../adapters/limits.ts";
import {
  type BindValue,
  type DriverConnection,
  type IntMode,
  SQLiteIntegerRangeError,
  type SQLiteValue,
} from "../../../mod.ts";
import type { Case, Fixture } from "../suite.ts";

type StorageClass = "null" | "integer" | "real" | "text" | "blob";

interface ValueCase {
  readonly name: string;
  readonly value: BindValue;
  readonly type: StorageClass;
  /** What comes out, where it is not what went in; an INTEGER as a bigint, whatever the mode. */
  readonly out?: SQLiteValue;
  readonly limit?: DriverLimit;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const memory: ArrayBuffer = Uint8Array.from({ length: 16 }, (_, index) => index).buffer;
const megabyte = Uint8Array.from({ length: 2 ** 20 }, (_, index) => index * 31 % 251);

const integers: readonly (number | bigint)[] = [
  ...[0, 1, -1, 127, -128, 255, 32_767, 65_536],
  ...[2 ** 31 - 1, -(2 ** 31), 0n, 1n, -1n, 2n ** 31n - 1n, -(2n ** 31n)],
];
const longIntegers: readonly (number | bigint)[] = [
  ...[2 ** 31, -(2 ** 31) - 1, 2 ** 32, 1_700_000_000_000],
  ...[2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 31n, 2n ** 53n - 1n, 1n - 2n ** 53n],
  ...[2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, -(2n ** 53n) - 1n],
  ...[2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)],
];
const reals: readonly number[] = [
  ...[0.5, -0.5, 0.1, 1 / 3, Math.PI, 1.5e-10, 1e-308, Number.MIN_VALUE, -Number.MIN_VALUE],
  ...[2147483647.5, 4503599627370495.5],
];
const largeReals: readonly number[] = [
  ...[2 ** 53, -(2 ** 53), 2 ** 53 + 2, 2 ** 62, 2 ** 63, -(2 ** 63)],
  ...[2 ** 64, 1e20, 1e300, 1e308, Number.MAX_VALUE, -Number.MAX_VALUE],
];
const texts: Readonly<Record<string, string>> = {
  "an empty text": "",
  "ASCII": "hello",
  "quotes": `it's "quoted" \`and\` [so on]`,
  "SQL": "'); DROP TABLE t; --",
  "blanks and line ends": " \t\r\n ",
  "digits": "0123",
  "accents, composed": "\u00e9",
  "accents, decomposed": "e\u0301",
  "Chinese": "数据库",
  "right to left": "\u202eשלום",
  "an emoji": "😀",
  "a family of emoji": "👨‍👩‍👧‍👦",
  "the last code point": "\u{10ffff}",
  "a byte order mark": "\ufefftext",
  "U+FFFD": "\ufffd",
  "control characters": "\u0001\u007f\u0085\u2028",
  "a million characters": "abcdefghij".repeat(100_000),
  "a huge text beyond ASCII": "é😀".repeat(50_000),
};
const nulTexts: Readonly<Record<string, string>> = {
  "text that is a NUL": "\0",
  "text that begins with a NUL": "\0a",
  "text with a NUL inside": "a\0b",
  "text that ends in a NUL": "a\0",
};

const values: readonly ValueCase[] = [
  { name: "null", value: null, type: "null" },
  { name: "true", value: true, type: "integer", out: 1n },
  { name: "false", value: false, type: "integer", out: 0n },
  ...integers.map((value) => integer(value)),
  ...longIntegers.map((value) => integer(value, "int64-in")),
  { name: "-0", value: -0, type: "real", limit: "negative-zero" },
  ...reals.map((value) => real(value)),
  ...largeReals.map((value) => real(value, "large-real")),
  real(Infinity, "infinity"),
  real(-Infinity, "infinity"),
  ...Object.entries(texts).map(([name, value]) => text(name, value)),
  ...Object.entries(nulTexts).map(([name, value]) => text(name, value, "nul-text")),
  blob("an empty blob", bytes()),
  blob("a blob of one zero", bytes(0)),
  blob("a blob with every byte", Uint8Array.from({ length: 256 }, (_, index) => index)),
  blob("a blob of a megabyte", megabyte),
  blob("a view of some bytes", new Uint8Array(memory, 1, 3), bytes(1, 2, 3)),
  blob("a view of no bytes", new Uint8Array(memory, 2, 0), bytes()),
  blob("an ArrayBuffer", memory.slice(2, 5), bytes(2, 3, 4)),
  blob("an empty ArrayBuffer", new ArrayBuffer(0), bytes()),
  blob("a DataView", new DataView(memory, 3, 2), bytes(3, 4)),
  blob("an Int8Array", Int8Array.of(-1, 1), bytes(255, 1)),
  blob("a Float64Array", Float64Array.of(1), bytes(0, 0, 0, 0, 0, 0, 240, 63)),
  blob("a view of 16 bit", new Uint16Array(memory, 2, 2), bytes(2, 3, 4, 5)),
];

const refusals: readonly (readonly [name: string, value: unknown, error: ErrorConstructor])[] = [
  ["undefined", undefined, TypeError],
  ["a Date", new Date(0), TypeError],
  ["a function", () => 1, TypeError],
  ["a symbol", Symbol("secret"), TypeError],
  ["an object", { secret: 1 }, TypeError],
  ["an array", [1], TypeError],
  ["a Map", new Map(), TypeError],
  ["a boxed number", Object(1), TypeError],
  ["NaN", NaN, RangeError],
  ["2n ** 63n", 2n ** 63n, RangeError],
  ["-(2n ** 63n) - 1n", -(2n ** 63n) - 1n, RangeError],
  ["2n ** 64n + 1n", 2n ** 64n + 1n, RangeError],
  ["a high surrogate alone", "secret\ud83d", RangeError],
  ["a low surrogate alone", "\ude00secret", RangeError],
  ["surrogates in the wrong order", "\ude00\ud83d", RangeError],
];

function integer(value: number | bigint, limit?: DriverLimit): ValueCase {
  const name = typeof value === "bigint" ? `${value}n` : String(value);
  return { name, value, type: "integer", out: BigInt(value), limit };
}

function real(value: number, limit?: DriverLimit): ValueCase {
  return { name: String(value), value, type: "real", limit };
}

function text(name: string, value: string, limit?: DriverLimit): ValueCase {
  return { name, value, type: "text", limit };
}

function blob(name: string, value: BindValue, out: SQLiteValue = value as Uint8Array): ValueCase {
  return { name, value, type: "blob", out };
}

/** The value on its way back from the database: from a parameter, and from a table. */
async function roundTrip(conn: DriverConnection, value: BindValue): Promise<SQLiteValue[]> {
  await conn.execute("CREATE TABLE stored (v)");
  await conn.execute("INSERT INTO stored VALUES (?)", [value]);
  const [echo] = (await conn.execute("SELECT ?1 AS v, typeof(?1) AS type", [value])).rows;
  const [row] = (await conn.execute("SELECT v, typeof(v) AS type FROM stored")).rows;
  assert.deepEqual(row, echo);
  return [row.type, row.v];
}

function comesBack({ name, value, type, out = value as SQLiteValue, limit }: ValueCase): Case[] {
  const modes: IntMode[] = type === "integer" ? ["number", "bigint"] : ["number"];
  return modes.map((intMode): Case => ({
    name: `${name} comes back${intMode === "bigint" ? " as a bigint" : ""}`,
    limit: intMode === "bigint" ? "int-mode" : limit,
    async run(fixture) {
      if (limit !== undefined && fixture.has(limit)) return isRefused(fixture, value);
      const conn = await fixture.open(":memory:", { intMode });
      if (fixture.has("int64-out") && isDoubtful(value)) {
        await assert.rejects(roundTrip(conn, value), SQLiteIntegerRangeError);
        return;
      }
      const safe = typeof out !== "bigint" || Number.isSafeInteger(Number(out));
      if (intMode === "number" && !safe) {
        await assert.rejects(roundTrip(conn, value), SQLiteIntegerRangeError);
        return;
      }
      const expected = intMode === "number" && typeof out === "bigint" ? Number(out) : out;
      const [storedType, stored] = await roundTrip(conn, value);
      assert.equal(storedType, type);
      assert.ok(sameValue(stored, expected), "another value came back");
    },
    refused: intMode === "bigint"
      ? (fixture) => assert.rejects(fixture.open(":memory:", { intMode }), TypeError)
      : (fixture) => isRefused(fixture, value),
  }));
}

/** Where a rounded INTEGER and a REAL look alike. */
function isDoubtful(value: BindValue): boolean {
  return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER &&
    Math.abs(value) <= 2 ** 63;
}

/** Without printing either: some have a megabyte. */
function sameValue(one: SQLiteValue, other: SQLiteValue): boolean {
  if (!(one instanceof Uint8Array && other instanceof Uint8Array)) return Object.is(one, other);
  return Object.getPrototypeOf(one) === Uint8Array.prototype && one.length === other.length &&
    one.every((byte, index) => byte === other[index]);
}

async function isRefused(
  { open }: Fixture,
  value: unknown,
  type: ErrorConstructor = RangeError,
): Promise<void> {
  const conn = await open();
  const problem = (error: unknown) =>
    (error instanceof type || (error as Error).cause instanceof type) &&
    (error as Error).message.startsWith("parameter 2 ") &&
    !(error as Error).message.includes("secret");
  const params = ["first", value] as BindValue[];
  await assert.rejects(conn.execute("SELECT ? AS a, ? AS b", params), problem);
  // Refused before anything happened.
  await conn.execute("CREATE TABLE t (a, b)");
  await assert.rejects(conn.execute("INSERT INTO t VALUES (?, ?)", params), problem);
  assert.deepEqual((await conn.execute("SELECT * FROM t")).rows, []);
}

/** How the affinity of a column changes what is stored. */
const affinities: readonly (readonly [string, BindValue, StorageClass, SQLiteValue])[] = [
  ["INTEGER", 2, "integer", 2],
  ["INTEGER", "12", "integer", 12],
  ["INTEGER", 2.5, "real", 2.5],
  ["INTEGER", "x", "text", "x"],
  ["TEXT", 12, "text", "12"],
  ["TEXT", 1.5, "text", "1.5"],
  ["TEXT", bytes(1), "blob", bytes(1)],
  ["REAL", 2, "real", 2],
  ["NUMERIC", "3.0", "integer", 3],
  ["BLOB", "12", "text", "12"],
];

export const valueCases: readonly Case[] = [
  ...values.flatMap(comesBack),
  ...refusals.map(([name, value, type]): Case => ({
    name: `${name} is refused`,
    run: (fixture) => isRefused(fixture, value, type),
  })),
  {
    name: "a detached buffer is refused",
    run(fixture) {
      const bytes = new Uint8Array(8);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return isRefused(fixture, bytes, TypeError);
    },
  },
  ...affinities.map(([type, value, stored, out]): Case => ({
    name: `${typeof value} ${value} in a column of type ${type} is stored as ${stored}`,
    async run({ open }) {
      const conn = await open();
      await conn.execute(`CREATE TABLE t (v ${type})`);
      await conn.execute("INSERT INTO t VALUES (?)", [value]);
      const { rows } = await conn.execute("SELECT v, typeof(v) AS type FROM t");
      assert.deepEqual(rows, [{ v: out, type: stored }]);
    },
  })),
  {
    name: "an integer out of range fails a row, and the connection goes on",
    async run({ open }) {
      const conn = await open();
      const sql = "SELECT 9007199254740993 AS big";
      await assert.rejects(
        conn.execute(sql),
        (error) => error instanceof SQLiteIntegerRangeError && error.column === "big",
      );
      assert.deepEqual((await conn.execute("SELECT 1 AS one")).rows, [{ one: 1 }]);
    },
  },
  {
    name: "a large REAL is no integer out of range",
    limit: "int64-out",
    async run({ open }) {
      const conn = await open();
      const { rows } = await conn.execute("SELECT 9007199254740994.0 AS a, -1e18 AS b");
      assert.deepEqual(rows, [{ a: 2 ** 53 + 2, b: -1e18 }]);
    },
    async refused({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute("SELECT 1e18 AS a"), SQLiteIntegerRangeError);
    },
  },
  {
    name: "what was bound may be changed afterwards",
    async run({ open }) {
      const conn = await open();
      await conn.execute("CREATE TABLE t (v)");
      const blob = bytes(1, 2, 3);
      await conn.execute("INSERT INTO t VALUES (?)", [blob]);
      blob.fill(9);
      const first = (await conn.execute("SELECT v FROM t")).rows[0].v as Uint8Array;
      assert.deepEqual(first, bytes(1, 2, 3));
      first.fill(7);
      assert.deepEqual((await conn.execute("SELECT v FROM t")).rows, [{ v: bytes(1, 2, 3) }]);
    },
  },
  {
    name: "JSON comes back as text",
    async run({ open }) {
      const conn = await open();
      const { rows } = await conn.execute(`SELECT json('{"a": [1]}') AS j`);
      assert.deepEqual(rows, [{ j: '{"a":[1]}' }]);
    },
  },
];
