/** How many calls a contender makes in a turn. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Answer, Order } from "../../bench/run/protocol.ts";
import { Calls, NoTurnError } from "../../bench/run/turns.ts";

const TURN_MS = 100;

/** A process in which calls take as long as `msOf` says; keeps how many each order asked for. */
function processWith(msOf: (calls: number, order: number) => number) {
  const asked: number[] = [];
  return {
    asked,
    async order(order: Order): Promise<Answer> {
      assert.equal(order.order, "run");
      const { calls } = order as Extract<Order, { order: "run" }>;
      asked.push(calls);
      const ms = msOf(calls, asked.length);
      return { answer: "done", calls, ms, cpuMs: ms / 2, detail: {} };
    },
    async end() {},
  };
}

test("a turn has as many calls as fit into its time", async () => {
  const session = processWith((calls) => calls * 0.01);
  const player = new Calls(session);
  await player.warmUp("only", TURN_MS);
  const { perSecond, cpuMicros } = await player.turn("only", 1);
  assert.equal(session.asked.at(-1), 10_000);
  assert.equal(perSecond, 100_000);
  assert.equal(cpuMicros, 5);
  await player.turn("only", 0.5);
  assert.equal(session.asked.at(-1), 5_000);
});

test("a stall does not make all turns too short", async () => {
  // The first call meets another program that has the processor.
  const session = processWith((calls, order) => calls * 0.01 + (order === 1 ? 90 : 0));
  const player = new Calls(session);
  await player.warmUp("only", TURN_MS);
  await player.turn("only", 1);
  assert.ok(session.asked.at(-1)! > 9_000, `${session.asked}`);
});

test("nor does one in the middle of the warm-up", async () => {
  // A hundred calls in half the time of a turn look like calls that are slow.
  const session = processWith((calls) => calls * 0.01 + (calls > 50 && calls < 150 ? 55 : 0));
  const player = new Calls(session);
  await player.warmUp("only", TURN_MS);
  const { perSecond } = await player.turn("only", 1);
  assert.ok(session.asked.at(-1)! > 2_000, `${session.asked}`);
  assert.equal(Math.round(perSecond), 100_000);
});

test("a clock that does not move for a while makes no turn endless", async () => {
  const session = processWith((calls) => calls < 50 ? 0 : calls * 0.01);
  const player = new Calls(session);
  await player.warmUp("only", TURN_MS);
  await player.turn("only", 1);
  assert.equal(session.asked.at(-1), 10_000);
});

test("every caller has work, however slow calls are", async () => {
  const session = processWith((calls) => calls * 50);
  const player = new Calls(session, 100);
  await player.warmUp("only", TURN_MS);
  await player.turn("only", 0.5);
  assert.deepEqual(session.asked, [100, 100]);
});

test("what a process answers instead of figures is the reason for having none", async () => {
  const answers: Answer[] = [
    { answer: "absent", reason: "has no batches" },
    { answer: "failed", reason: "database is locked" },
  ];
  const session = { order: async () => answers.shift()!, end: async () => {} };
  const player = new Calls(session);
  const isTrouble = (isAbsent: boolean, message: string) => (error: unknown) =>
    error instanceof NoTurnError && error.isAbsent === isAbsent && error.message === message;
  await assert.rejects(player.warmUp("only", TURN_MS), isTrouble(true, "has no batches"));
  await assert.rejects(player.warmUp("only", TURN_MS), isTrouble(false, "database is locked"));
});
