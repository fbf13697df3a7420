import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { readArrays, readObjects, ReplyReader } from "../../src/worker/reply_reader.ts";
import { RowPacker } from "../../src/worker/server/row_packer.ts";
import { MessageWriter, MOST_TEXT, type WirePart } from "../../src/worker/wire/wire.ts";

const number = fc.double({ noNaN: true });
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const bytes = fc.uint8Array({ maxLength: 20 });
const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** What a column may hold: one type with gaps, as usual, or anything. */
const COLUMNS: readonly fc.Arbitrary<SQLiteValue>[] = [
  fc.oneof(number, fc.constant(-0), fc.constant(null)),
  fc.oneof(text, fc.constant(""), fc.constant(null)),
  fc.oneof(bytes, fc.constant(new Uint8Array(0)), fc.constant(null)),
  fc.oneof(integer, fc.constant(null)),
  fc.constant(null),
  fc.oneof(number, text, bytes, integer, fc.constant(null)),
];

const table: fc.Arbitrary<SQLiteValue[][]> = fc
  .tuple(
    fc.array(fc.constantFrom(...COLUMNS), { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 1, max: 60 }),
  )
  .chain(([columns, count]) =>
    fc.array(fc.tuple(...columns) as fc.Arbitrary<SQLiteValue[]>, {
      minLength: count,
      maxLength: count,
    })
  );

type Table = readonly SQLiteValue[][];

function namesOf(rows: Table): string[] {
  return rows[0].map((_, column) => `column ${column}`);
}

/** A message with all of these tables, one after the other. */
function pack(packer: RowPacker, tables: readonly Table[]): WirePart[] {
  const message = new MessageWriter();
  for (const rows of tables) {
    message.parts.push(rows.length);
    packer.pack(rows, rows[0].length, message);
  }
  return [...packer.take(), ...message.parts];
}

/** There and back, with a copy between as threads make it. */
function roundTrip(...tables: readonly Table[]): SQLiteValue[][][] {
  const reader = new ReplyReader(structuredClone(pack(new RowPacker(), tables)));
  return tables.map((rows) => readArrays(reader, namesOf(rows)));
}

test("rows come back as they were", () => {
  fc.assert(
    fc.property(fc.array(table, { minLength: 1, maxLength: 4 }), (tables) => {
      assert.deepStrictEqual(roundTrip(...tables), tables);
    }),
    { numRuns: 500 },
  );
});

test("rows of a message that fail to be packed leave the others whole", () => {
  const packer = new RowPacker();
  const rowsOf = (n: number): Table =>
    Array.from({ length: 40 }, (_, row) => [n * row, `${n}`, new Uint8Array([n])]);
  const broken = rowsOf(2);
  Object.defineProperty(broken[39], 2, {
    get() {
      throw new RangeError("Invalid string length");
    },
  });
  const message = new MessageWriter();
  packer.pack(rowsOf(1), 3, message);
  assert.throws(() => packer.pack(broken, 3, new MessageWriter()), RangeError);
  packer.pack(rowsOf(3), 3, message);
  const { parts } = message;
  const reader = new ReplyReader([...packer.take(), 40, parts[0], 40, parts[1]]);
  for (const n of [1, 3]) {
    assert.deepStrictEqual(readArrays(reader, ["a", "b", "c"]), rowsOf(n));
  }
});

test("a message that is packed does not disturb another that is on its way", () => {
  const packer = new RowPacker();
  const rowsOf = (n: number): Table => Array.from({ length: 100 }, (_, row) => [n * row, `${n}`]);
  const messages = [1, 2, 3].map((n) => pack(packer, [rowsOf(n)]));
  for (const [i, message] of messages.entries()) {
    const rows = readArrays(new ReplyReader(message), ["n", "text"]);
    assert.deepStrictEqual(rows, rowsOf(i + 1));
  }
});

test("the last value of a column may be of another type", () => {
  for (const odd of ["text", 1n, 1.5, new Uint8Array(3)]) {
    for (const usual of ["text", 1n, 1.5, new Uint8Array(3)]) {
      const rows = Array.from({ length: 70 }, (_, i) => [i, i === 69 ? odd : usual, i]);
      assert.deepStrictEqual(roundTrip(rows), [rows]);
    }
  }
});

test("huge text, many rows and many columns", () => {
  const huge = [["x".repeat(5_000_000), "\u{1f600}".repeat(100_000), "\0", "\ud800"]];
  const long = Array.from({ length: 200_000 }, (_, n) => [n, `row ${n}`, new Uint8Array([n])]);
  const wide = [Array.from({ length: 2_000 }, (_, n) => n), Array<null>(2_000).fill(null)];
  assert.deepStrictEqual(roundTrip(huge, long, wide), [huge, long, wide]);
});

test("a short text that is kept keeps no long ones alive, nor all that has travelled with it", () => {
  const packer = new RowPacker();
  const body = "x".repeat(100_000);
  const rows = Array.from({ length: 2_000 }, (_, n) => [`name ${n}`, n % 100 === 0 ? body : null]);
  for (let table = 0; table < 3; table++) packer.pack(rows, 2, new MessageWriter());
  const [, texts] = packer.take();
  assert.equal(texts.join("").length, 3 * rows.flat().join("").length);
  for (const text of texts) assert.ok(text === body || text.length <= MOST_TEXT, `${text.length}`);
  assert.deepStrictEqual(roundTrip(rows, rows), [rows, rows]);
});

test("rows are plain objects whatever their columns are called", () => {
  const rows = Array.from({ length: 50 }, (_, n) => [n, `text ${n}`, null]);
  const reader = (): ReplyReader => new ReplyReader(pack(new RowPacker(), [rows]));
  const objects = readObjects(reader(), ["id", "id", "a b"]);
  assert.deepStrictEqual(objects[7], { id: "text 7", "a b": null });
  const [hostile] = readObjects(reader(), ["id", "__proto__", "constructor"]);
  assert.deepEqual(Object.entries(hostile), [
    ["id", 0],
    ["__proto__", "text 0"],
    ["constructor", null],
  ]);
  assert.equal(Object.getPrototypeOf(hostile), Object.prototype);
});

test("bytes do not share memory with each other", () => {
  const rows = Array.from({ length: 100 }, () => [new Uint8Array([1, 2, 3])]);
  const message = pack(new RowPacker(), [rows]);
  const [[first], [second]] = readArrays(new ReplyReader(message), ["bytes"]);
  (first as Uint8Array).fill(9);
  assert.deepEqual(second, new Uint8Array([1, 2, 3]));
});
