import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SQLiteValue } from "../../src/sqlite/protocol.ts";
import { areLoose, packRows, unpackColumns } from "../../src/worker/packed_rows.ts";
import { MessageReader, type WirePart } from "../../src/worker/wire.ts";

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
  .tuple(fc.array(fc.constantFrom(...COLUMNS), { minLength: 1, maxLength: 6 }), fc.nat(60))
  .chain(([columns, count]) =>
    fc.array(fc.tuple(...columns) as fc.Arbitrary<SQLiteValue[]>, {
      minLength: count,
      maxLength: count,
    })
  );

function pack(rows: readonly SQLiteValue[][], width: number): WirePart[] {
  const message: WirePart[] = [];
  packRows(rows, width, message);
  return message;
}

/** There and back, with a copy between as threads make it. */
function roundTrip(rows: readonly SQLiteValue[][], width: number): SQLiteValue[][] {
  const reader = new MessageReader(structuredClone(pack(rows, width)));
  if (areLoose(rows.length, width)) return rows.map(() => reader.values(width));
  const columns = unpackColumns(reader, rows.length);
  return rows.map((_, row) => columns.map((values) => values[row]));
}

test("rows come back as they were", () => {
  fc.assert(
    fc.property(table, (rows) => {
      if (rows.length === 0) return;
      assert.deepStrictEqual(roundTrip(rows, rows[0].length), rows);
    }),
    { numRuns: 500 },
  );
});

test("one that is packed does not disturb another that is on its way", () => {
  const rowsOf = (n: number) => Array.from({ length: 100 }, (_, row) => [n * row, `${n}`]);
  const packed = [1, 2, 3].map((n) => pack(rowsOf(n), 2));
  for (const [i, rows] of packed.entries()) {
    const [numbers, texts] = unpackColumns(new MessageReader(rows), 100);
    assert.deepEqual(numbers, rowsOf(i + 1).map(([number]) => number));
    assert.deepEqual(texts, rowsOf(i + 1).map(([, text]) => text));
  }
});

test("the last value of a column may be of another type", () => {
  for (const odd of ["text", 1n, 1.5, new Uint8Array(3)]) {
    for (const usual of ["text", 1n, 1.5, new Uint8Array(3)]) {
      const rows = Array.from({ length: 70 }, (_, i) => [i, i === 69 ? odd : usual, i]);
      assert.deepStrictEqual(roundTrip(rows, 3), rows);
    }
  }
});

test("huge text, many rows and many columns", () => {
  const huge = [["x".repeat(5_000_000), "\u{1f600}".repeat(100_000), "\0", "\ud800"]];
  assert.deepStrictEqual(roundTrip(huge, 4), huge);
  const long = Array.from({ length: 200_000 }, (_, n) => [n, `row ${n}`, new Uint8Array([n])]);
  assert.deepStrictEqual(roundTrip(long, 3), long);
  const wide = [Array.from({ length: 2_000 }, (_, n) => n), Array<null>(2_000).fill(null)];
  assert.deepStrictEqual(roundTrip(wide, 2_000), wide);
});

test("bytes do not share memory with each other", () => {
  const rows = Array.from({ length: 100 }, () => [new Uint8Array([1, 2, 3])]);
  const [first, second] = unpackColumns(new MessageReader(pack(rows, 1)), 100)[0] as Uint8Array[];
  first.fill(9);
  assert.deepEqual(second, new Uint8Array([1, 2, 3]));
});
