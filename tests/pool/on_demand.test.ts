import assert from "node:assert/strict";
import { test } from "node:test";

import { SQLitePoolError } from "../../mod.ts";
import { OnDemand } from "../../src/pool/on_demand.ts";

test("code that is loaded on demand is imported once, and is there at once from then on", async () => {
  let imports = 0;
  const code = new OnDemand("The code", () => Promise.resolve(++imports));
  assert.equal(code.now, undefined);
  assert.deepEqual(await Promise.all([code.load(), code.load()]), [1, 1]);
  assert.equal(code.now, 1);
  assert.equal(await code.load(), 1);
});

test("code that cannot be loaded says so by name, and is asked for again", async () => {
  const cause = new Error("no such file");
  let result: Promise<string> = Promise.reject(cause);
  const code = new OnDemand("The code", () => result);
  await assert.rejects(code.load(), (error: unknown) => {
    assert.ok(error instanceof SQLitePoolError);
    assert.equal(error.cause, cause);
    assert.match(error.message, /^The code could not be loaded: no such file\. Deploy the package/);
    return true;
  });
  assert.equal(code.now, undefined);
  result = Promise.resolve("there");
  assert.equal(await code.load(), "there");
});
