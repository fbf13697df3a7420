import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { inCallersContext } from "../../src/platform/async_context.ts";

test("a bound function runs in the async context in which it was bound", () => {
  const caller = new AsyncLocalStorage<string>();
  const bound = caller.run("first", () => inCallersContext((n: number) => [n, caller.getStore()]));
  assert.deepEqual(caller.run("second", () => bound(1)), [1, "first"]);
  assert.deepEqual(bound(2), [2, "first"]);
});

test("what a bound function throws comes through, and the context is left", () => {
  const caller = new AsyncLocalStorage<string>();
  const bound = caller.run("first", () =>
    inCallersContext(() => {
      throw new RangeError("no");
    }));
  caller.run("second", () => {
    assert.throws(bound, RangeError);
    assert.equal(caller.getStore(), "second");
  });
});
