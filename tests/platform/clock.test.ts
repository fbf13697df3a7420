import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { systemEnvironment } from "../../src/platform/clock.ts";
import { runScript } from "../helpers/runtime.ts";

const { clock, random } = systemEnvironment;

const pass = (delayMs: number) =>
  new Promise<void>((resolve) => clock.schedule(resolve, delayMs, "keeps process alive"));

test("timers of the system's clock fire in the order they fall due", async () => {
  const order: number[] = [];
  await Promise.all([200, 1, 60].map((delayMs) => pass(delayMs).then(() => order.push(delayMs))));
  assert.deepEqual(order, [1, 60, 200]);
});

test("a cancelled timer of the system's clock does not fire", async () => {
  const timer = clock.schedule(() => assert.fail("cancelled"), 1, "keeps process alive");
  clock.cancel(timer);
  await pass(2);
});

test("cancelling what was never scheduled, or has fired, does nothing", async () => {
  clock.cancel(undefined);
  let fired: unknown;
  await new Promise<void>((resolve) => {
    fired = clock.schedule(resolve, 1, "keeps process alive");
  });
  clock.cancel(fired);
});

// setTimeout takes 32 bits: a month wraps around and would fire at once.
test("a timer beyond what runtimes can count does not fire at once", async () => {
  const tooSoon = () => assert.fail("fired at once");
  const timers = [2 ** 31, 2 ** 32, 2 ** 40, Infinity].map((delayMs) =>
    clock.schedule(tooSoon, delayMs, "lets process exit")
  );
  await pass(5);
  for (const timer of timers) clock.cancel(timer);
});

// Node, Bun and Deno print one about negative delays, once per process.
test("a timer that is overdue fires soon and without a warning", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  await pass(-0.01);
  await pass(1);
  process.off("warning", note);
  assert.deepEqual(warnings, []);
});

// In a process of its own: the test runner needs the time too.
for (const faked of ["timers", "timers and clocks"]) {
  test(`under fake ${faked} of a test framework reads go on and close ends`, async () => {
    const { code, stdout, stderr } = await runScript("tests/platform/fake_timers_run.ts", [faked]);
    assert.deepEqual({ code, stdout: stdout.trim() }, { code: 0, stdout: "closed" }, stderr);
  });
}

test("the system's chance is between 0 and 1", () => {
  for (let i = 0; i < 100; i++) {
    const chance = random();
    assert.ok(chance >= 0 && chance < 1);
  }
});
