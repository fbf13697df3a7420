import assert from "node:assert/strict";
import { test } from "node:test";
import * as driverErrors from "../../src/driver/errors.ts";
import * as errors from "../../src/pool/errors.ts";

type ErrorClass = new (message: string, options: ErrorOptions) => Error;

const exported: Record<string, unknown> = { ...errors, ...driverErrors };
const classes = Object.entries(exported)
  .filter((entry): entry is [string, ErrorClass] => /^[A-Z].*Error$/.test(entry[0]));

test("there are errors to look at", () => assert.ok(classes.length > 9));

for (const [name, PoolError] of classes) {
  test(`${name} is an Error and a SQLitePoolError, by its own name, with a cause`, () => {
    const cause = new Error("underneath");
    const error = new PoolError("what happened", { cause });
    assert.ok(error instanceof Error);
    assert.ok(error instanceof errors.SQLitePoolError);
    assert.equal(error.name, name);
    assert.equal(error.message, "what happened");
    assert.equal(error.cause, cause);
    assert.match(String(error.stack), /what happened/);
  });
}
