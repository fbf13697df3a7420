// Which timers keep a process alive. Nothing here is measured: a timer that wrongly kept it alive
// would do so for an hour, so the child's own watchdog, which holds nothing up, would end it with
// exit code 1; one that wrongly let it go would make it exit before it has said its line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runScript } from "../helpers/runtime.ts";

async function assertExit(scene: string, ...lines: string[]): Promise<void> {
  const { code, stdout, stderr } = await runScript("tests/pool/exit_run.ts", [scene]);
  assert.deepEqual(stdout.trimEnd().split("\n"), lines, stderr);
  assert.equal(code, 0);
}

test("a process with an idle pool exits by itself, its timers pending", async () => {
  await assertExit("idle", "2 idle", "exit with 1 pending");
});

test("a process with a failed warm-up exits by itself, the retry pending", async () => {
  await assertExit("retry", "exit with 1 pending");
});

test("a process that forgot a release exits by itself", async () => {
  await assertExit("held", "held", "exit with 0 pending");
});

test("a process that closed its pool by force does not wait for what hung", async () => {
  await assertExit("abandoned", "closed", "exit with 0 pending");
});

test("a process with a pending acquire stays alive until its timeout error", async () => {
  await assertExit("acquire", "PoolConnectionAcquireTimeoutError", "exit with 0 pending");
});

test("a process with an open under way stays alive until its time limit", async () => {
  await assertExit("open", "PoolConnectionOpenError", "exit with 0 pending");
});

test("a process that closes its pool stays alive until the leases' deadline", async () => {
  await assertExit("close", "closed", "exit with 0 pending");
});
