import assert from "node:assert/strict";
import { test } from "node:test";

import { type Call, PendingCalls } from "../../src/worker/pending_calls.ts";
import type { ReplyReader } from "../../src/worker/reply_reader.ts";
import { collectGarbage } from "../helpers/runtime.ts";

function callTo(answer: () => void): Call {
  return { kind: "statement", expectedMs: 1, answer, fail() {} };
}

const NO_REPLY = undefined as unknown as ReplyReader;

test("calls are answered in the order in which they were added", () => {
  const calls = new PendingCalls();
  const answered: number[] = [];
  let next = 0;
  const add = (count: number): void => {
    for (const end = next + count; next < end;) {
      const n = next++;
      calls.add(callTo(() => answered.push(n)));
    }
  };
  const answer = (count: number): void => {
    for (let i = 0; i < count; i++) calls.take().answer(NO_REPLY, 0);
  };
  // Never empty in between, now with many and now with few.
  add(2_000);
  for (let round = 0; round < 100; round++) {
    answer(round % 2 === 0 ? 1_900 : 10);
    assert.equal(calls.size, next - answered.length);
    assert.equal(calls.statements, calls.size);
    add(round % 2 === 0 ? 10 : 1_900);
  }
  answer(calls.size);
  assert.deepEqual(answered, Array.from({ length: next }, (_, n) => n));
  assert.equal(calls.backlogMs, 0);
});

test("what has been answered is forgotten while others wait", async () => {
  const calls = new PendingCalls();
  const results: WeakRef<object>[] = [];
  const add = (): void => {
    const result = {};
    results.push(new WeakRef(result));
    calls.add(callTo(() => void result));
  };
  add();
  for (let n = 0; n < 10_000; n++) {
    add();
    calls.take().answer(NO_REPLY, 0);
  }
  assert.equal(calls.size, 1);
  await collectGarbage();
  const kept = results.filter((result) => result.deref() !== undefined).length;
  assert.ok(kept < 1_000, `${kept} of ${results.length} results are kept`);
});
