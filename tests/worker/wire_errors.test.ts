import assert from "node:assert/strict";
import { test } from "node:test";
import { SQLiteError, SQLiteIntegerRangeError } from "../../src/sqlite/errors.ts";
import { decodeError, encodeError } from "../../src/worker/wire/wire_errors.ts";

/** As it arrives in another thread. */
function arrived(error: unknown): Error {
  return decodeError(structuredClone(encodeError(error)));
}

test("an error of SQLite keeps its class, its codes and its cause", () => {
  const driver = Object.assign(new Error("UNIQUE constraint failed"), {
    code: "ERR_SQLITE_ERROR",
    errcode: 2067,
    errstr: "constraint failed",
  });
  const error = arrived(new SQLiteError("UNIQUE constraint failed", 2067, { cause: driver }));
  assert.ok(error instanceof SQLiteError);
  const { name, message, code, extendedCode, rawCode } = error;
  assert.deepEqual({ name, message, code, extendedCode, rawCode }, {
    name: "SQLiteError",
    message: "UNIQUE constraint failed",
    code: "SQLITE_CONSTRAINT",
    extendedCode: "SQLITE_CONSTRAINT_UNIQUE",
    rawCode: 2067,
  });
  const cause = error.cause as typeof driver;
  assert.ok(cause instanceof Error);
  assert.deepEqual([cause.message, cause.code, cause.errcode, cause.errstr], [
    "UNIQUE constraint failed",
    "ERR_SQLITE_ERROR",
    2067,
    "constraint failed",
  ]);
});

test("an integer out of range keeps its class and its column", () => {
  const original = new SQLiteIntegerRangeError("big");
  const error = arrived(original);
  assert.ok(error instanceof SQLiteIntegerRangeError);
  assert.deepEqual([error.column, error.message, error.rawCode], [
    "big",
    original.message,
    original.rawCode,
  ]);
});

test("standard errors keep their classes, others their names", () => {
  assert.ok(arrived(new TypeError("no value")) instanceof TypeError);
  assert.ok(arrived(new RangeError("too large")) instanceof RangeError);
  const odd = Object.assign(new Error("odd"), { code: "ODD", detail: { not: "sent" } });
  odd.name = "OddError";
  const error = arrived(odd) as typeof odd;
  assert.deepEqual([error.name, error.message, error.code, error.detail], [
    "OddError",
    "odd",
    "ODD",
    undefined,
  ]);
  assert.equal(arrived("just text").message, "just text");
  assert.equal(arrived(undefined).message, "undefined");
});

test("a chain of causes arrives as a whole", () => {
  const chain = new Error("a", { cause: new TypeError("b", { cause: "c" }) });
  const error = arrived(chain);
  assert.ok(error.cause instanceof TypeError);
  assert.equal((error.cause.cause as Error).message, "c");
});

test("causes that go round in a circle do not keep an error from arriving", () => {
  const error: Error = new Error("round");
  error.cause = new Error("and round", { cause: error });
  assert.equal(arrived(error).message, "round");
});
