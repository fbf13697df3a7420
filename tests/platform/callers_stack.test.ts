import assert from "node:assert/strict";
import { test } from "node:test";
import { withCallersStack, withLongStack } from "../../src/platform/callers_stack.ts";
import { runtimeName } from "../helpers/runtime.ts";

/** Rejects from a message, where no caller is on the stack. */
function rejected(error: Error): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(error)));
}

async function awaiting(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    throw withCallersStack(error);
  }
}

const handling = (call: Promise<unknown>): Promise<unknown> =>
  call.then(undefined, (error) => {
    throw withCallersStack(error);
  });

async function theCaller(call: Promise<unknown>): Promise<void> {
  await call;
}

// Bun's engine does not follow `then`.
const ways = runtimeName() === "bun" ? { awaiting } : { awaiting, handling };

test("the stack of an error leads to the async function that waits for it", async () => {
  for (const [name, way] of Object.entries(ways)) {
    const error = new TypeError("made elsewhere");
    await assert.rejects(theCaller(way(rejected(error))), error);
    assert.match(error.stack!, /^TypeError: made elsewhere\n/, name);
    assert.match(error.stack!, /async theCaller/, name);
  }
});

test("the stack of an error stays where nobody waits in an async function", async () => {
  const error = new TypeError("made here");
  const { stack } = error;
  await new Promise<void>((resolve) => {
    rejected(error).then(undefined, () => {
      withCallersStack(error);
      resolve();
    });
  });
  assert.equal(error.stack, stack);
});

test("what is no error stays as it is", () => {
  assert.equal(withCallersStack("text"), "text");
  assert.equal(withCallersStack(undefined), undefined);
});

/** The last call of a function: Bun's engine drops the frame of whoever makes one. */
const same = (error: Error): Error => error;

/** As deep as the package may be. */
function deep(levels: number, create: () => Error): Error {
  return same(levels > 0 ? deep(levels - 1, create) : create());
}

function theCallerOfMany(create: () => Error): Error {
  return same(deep(15, create));
}

test("a stack is long enough to reach the caller through the package", () => {
  const error = theCallerOfMany(() => withLongStack(() => new Error("of the test")));
  assert.match(error.stack!, /theCallerOfMany/);
});

test("the limit of stacks is as before afterwards, and whoever wants none gets none", (t) => {
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  t.after(() => {
    errors.stackTraceLimit = limit;
  });
  assert.throws(() =>
    withLongStack(() => {
      throw new Error("of the test");
    })
  );
  assert.equal(errors.stackTraceLimit, limit);
  errors.stackTraceLimit = 0;
  const { stack } = theCallerOfMany(() => withLongStack(() => new Error("of the test")));
  assert.doesNotMatch(String(stack), /theCallerOfMany/);
  assert.equal(errors.stackTraceLimit, 0);
});
