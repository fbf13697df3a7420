/** The process of one contender in one scenario: does what it is told on stdin, line by line. */

import process from "node:process";
import { createInterface } from "node:readline";

import { AbsentError } from "../contenders/contender.ts";
import type { Runner, Scenario } from "../scenarios/scenario.ts";
import { type Answer, type Assignment, MARK, type Order } from "./protocol.ts";

const assignment = JSON.parse(process.argv[2]) as Assignment;

function answer(line: Answer): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${MARK}${JSON.stringify(line)}\n`, () => resolve());
  });
}

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0];

/** A cold start must not pay for the other scenarios. */
async function findScenario(name: string): Promise<Scenario> {
  if (name === "cold-start") return (await import("../scenarios/cold_start.ts")).coldStart;
  return (await import("../scenarios/catalog.ts")).scenarioOf(name);
}

async function run(runner: Runner, variant: string, calls: number): Promise<Answer> {
  const started = performance.now();
  const before = process.cpuUsage();
  try {
    const { calls: made = calls, ...detail } = await runner.run(variant, calls) ?? {};
    const ms = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    return { answer: "done", calls: made, ms, cpuMs: (user + system) / 1_000, detail };
  } catch (error) {
    if (error instanceof AbsentError) return { answer: "absent", reason: error.message };
    return { answer: "failed", reason: reasonOf(error) };
  }
}

async function measure(): Promise<void> {
  const scenario = await findScenario(assignment.scenario);
  const runner = await scenario.open(assignment);
  const { port, leastCalls } = runner;
  await answer({ answer: "ready", port, leastCalls });
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order;
    if (order.order === "end") break;
    await answer(await run(runner, order.variant, order.calls));
  }
  await runner.close();
}

async function examineContender(): Promise<void> {
  const { examine } = await import("../scenarios/correctness.ts");
  await answer({ answer: "verdict", verdict: await examine(assignment) });
}

// A contender's own loose ends must not end the measurement of it.
process.on("unhandledRejection", () => {});

try {
  await (assignment.task === "examine" ? examineContender() : measure());
  await answer({ answer: "ended" });
} catch (error) {
  const isAbsent = error instanceof AbsentError;
  await answer({ answer: isAbsent ? "absent" : "failed", reason: reasonOf(error) });
}
process.exit(0);
