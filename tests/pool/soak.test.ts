import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { runScript } from "../helpers/runtime.ts";

interface Usage {
  readonly heap: number;
  readonly listeners: number;
  readonly descriptors: number;
}

interface Report {
  readonly before: Usage;
  readonly after: Usage;
  readonly acquired: number;
  readonly queued: number;
  readonly opened: number;
  readonly size: number;
}

async function run(): Promise<Report> {
  const { code, stdout, stderr } = await runScript("tests/pool/soak_run.ts");
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout);
}

let running: Promise<Report> | undefined;
/** One run for all tests. */
const soak = () => running ??= run();

/** A leak of three bytes a lease would be more. */
const HEAP_MARGIN = 2 * 2 ** 20;

test("a million leases, half of them waited for, on a thousand resources", async () => {
  const { acquired, queued, opened, size } = await soak();
  assert.equal(acquired, 1_000_000);
  assert.ok(queued > 490_000 && queued < 510_000, `${queued} waited`);
  assert.ok(opened >= 1_000, `${opened} were opened`);
  assert.ok(size <= 4);
});

test("a million leases leave the heap as it was", async () => {
  const { before, after } = await soak();
  assert.ok(after.heap < before.heap + HEAP_MARGIN, `${before.heap} -> ${after.heap} bytes`);
});

test("a million leases leave no abort listener", async () => {
  const { after } = await soak();
  assert.equal(after.listeners, 0);
});

const skip = existsSync("/proc/self/fd") ? false : "only Linux lists a process's file descriptors";

test("a million leases leave no file descriptor open", { skip }, async () => {
  const { before, after } = await soak();
  assert.ok(after.descriptors <= before.descriptors + 4, "no more than poolSize");
});
