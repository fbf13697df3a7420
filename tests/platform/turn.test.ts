import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { keepsRequestsApart, PerTurn, requestEnvironment } from "../../src/platform/turn.ts";

test("whoever asks in one turn gets the same, the next turn another", async () => {
  let made = 0;
  const turns = new PerTurn(() => ({ number: ++made }));
  const first = turns.current;
  assert.equal(turns.current, first);
  // Callers that come a few microtasks later, each after the one before.
  for (let i = 0; i < 10; i++) {
    await undefined;
    assert.equal(turns.current, first);
  }
  await delay(1);
  assert.notEqual(turns.current, first);
  assert.equal(made, 2);
});

test("a turn ends once nobody asks any more, before the next event", async () => {
  const turns = new PerTurn(() => ({}));
  const first = turns.current;
  for (let i = 0; i < 10; i++) await undefined;
  assert.notEqual(turns.current, first);
});

test("in the background of a request nothing is scheduled", async () => {
  const { clock } = requestEnvironment;
  const called: string[] = [];
  clock.schedule(() => called.push("background"), 0, "lets process exit");
  clock.schedule(() => called.push("wait"), 0, "keeps process alive");
  await delay(20);
  assert.deepEqual(called, ["wait"]);
});

test("requests of this runtime may wait for each other", () => {
  assert.equal(keepsRequestsApart(), false);
});
