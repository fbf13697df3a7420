/** Any value that can be bound comes back as it was, or is refused. */

import assert from "node:assert/strict";
import process from "node:process";

import fc from "fast-check";
import { type BindValue, type DriverConnection, SQLiteIntegerRangeError } from "../../../mod.ts";
import type { Case } from "../suite.ts";

/** How many values: the nightly run asks for a million (npm run round-trips). */
const wanted = Number(process.env.ROUND_TRIPS ?? 20_000);
/** Values in one call: one statement each would take most of the time. */
const width = 20;

const value: fc.Arbitrary<BindValue> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.double({ noNaN: true }),
  fc.maxSafeInteger(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.uint8Array({ maxLength: 40 }),
  fc.boolean(),
  fc.constant(null),
);

const columns = Array.from({ length: width }, (_, index) => `c${index}`);
const echo = `SELECT ${columns.map((name) => `? AS ${name}`).join(", ")}`;

async function comeBack(conn: DriverConnection, values: BindValue[]): Promise<number> {
  const { rows } = await conn.execute(echo, values, { rowFactory: (row) => [...row] });
  values.forEach((value, index) => {
    const out = rows[0][index];
    if (value instanceof Uint8Array) assert.deepEqual(out, value);
    else assert.ok(Object.is(out, plain(value, out)), `${typeof value} ${String(value)}`);
  });
  return values.length;
}

/** The same number, in the type it came back as: which one depends on intMode. */
function plain(value: BindValue, out: unknown): BindValue {
  if (typeof value === "boolean") return plain(Number(value), out);
  if (typeof value === "bigint" && typeof out === "number") return Number(value);
  if (typeof value === "number" && typeof out === "bigint") return BigInt(value);
  return value;
}

/** Of a value that cannot be bound, or of one that cannot be read. */
function isRefusal(error: unknown): boolean {
  return error instanceof RangeError || error instanceof SQLiteIntegerRangeError ||
    (error as Error).cause instanceof RangeError;
}

/** How many of the values came back, one at a time; the others were refused before they ran. */
async function comeBackOrAreRefused(
  conn: DriverConnection,
  values: BindValue[],
): Promise<number> {
  try {
    return await comeBack(conn, values);
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  let count = 0;
  for (const value of values) {
    try {
      const { rows } = await conn.execute("SELECT ? AS v", [value]);
      const expected = plain(value, rows[0].v);
      if (value instanceof Uint8Array) assert.deepEqual(rows[0].v, value);
      else assert.ok(Object.is(rows[0].v, expected), `${typeof value} ${String(value)}`);
      count += 1;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return count;
}

export const roundTripCases: readonly Case[] = [
  {
    name: "random values come back, or are refused where the driver has a limit",
    async run(fixture) {
      const bigints = !fixture.has("int-mode");
      const conn = await fixture.open(":memory:", { intMode: bigints ? "bigint" : "number" });
      const exact = fixture.driver.limits.length === 0;
      const runs = Math.ceil(wanted / width);
      let came = 0;
      const property = fc.asyncProperty(
        fc.array(value, { minLength: width, maxLength: width }),
        async (values) => {
          came += await (exact ? comeBack : comeBackOrAreRefused)(conn, values);
        },
      );
      await fc.assert(property, { numRuns: runs, seed: Date.now() % 2 ** 31 });
      assert.ok(exact ? came === runs * width : came > wanted / 4, `${came} of ${wanted} came`);
    },
  },
];
