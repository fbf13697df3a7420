import assert from "node:assert/strict";
import { test } from "node:test";
import * as errors from "../../src/pool/errors.ts";

for (const [name, PoolError] of Object.entries(errors)) {
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
