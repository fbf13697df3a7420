// Processes never outlive their host, keep it alive, or do what it was told to do. The nightly run
// sets HOSTS=100.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { processConnection, SQLiteConnectionPool } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { runScript, runtimeCommand, temporaryDirectory } from "../helpers/runtime.ts";
import { childProcesses, isRunning, until } from "./processes.ts";

const HOSTS = Number(process.env.HOSTS ?? 1);
/** To start a process takes seconds on a machine that is busy with other things. */
const PATIENCE_MS = 60_000;

const SCRIPT = "tests/process/host_run.ts";

/** What a program with processes prints, which ends by itself. */
async function run(scene: string, path: string): Promise<string[]> {
  const { code, stdout, stderr } = await runScript(SCRIPT, [scene, path]);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

test(`no process outlives a host that is killed in the middle of statements, ${HOSTS} times`, async (t) => {
  const path = join(temporaryDirectory(t), "test.db");
  for (let round = 0; round < HOSTS; round++) {
    const [command, ...args] = runtimeCommand(SCRIPT, ["four busy", path]);
    const host = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    // It says so once all four are in the middle of a statement.
    await once(host.stdout, "data");
    const children = await childProcesses(host.pid);
    assert.ok(children.length >= 4, `${children.length} processes`);
    host.kill("SIGKILL");
    await until(() => !children.some(isRunning));
  }
});

test("an idle process does not keep its host alive, a busy one does", async (t) => {
  const path = join(temporaryDirectory(t), "test.db");
  assert.deepEqual(await run("idle", path), ["1 running", "exit"]);
  assert.deepEqual(await run("busy", path), ["1000000", "exit"]);
});

test("a statement that needs more memory than its process may use is a typed error", async (t) => {
  const path = join(temporaryDirectory(t), "test.db");
  const factory = processConnection(path, { memoryLimitMb: 128 });
  const pool = new SQLiteConnectionPool(factory, { poolSize: 1 });
  t.after(() => pool.close({ timeoutMs: 0 }));
  assert.deepEqual(await pool.get("SELECT 1 AS one"), { one: 1 });
  const gigabyte = pool.get("SELECT length(zeroblob(500000000) || randomblob(500000000)) AS n");
  await assert.rejects(gigabyte, (error: Error) => {
    assert.match(error.name, /^(SQLiteError|ConnectionLostError)$/, String(error));
    return true;
  });
  assert.deepEqual(await pool.get("SELECT 1 AS one"), { one: 1 });
});

test("a limit that is no number of megabytes is refused", () => {
  for (const memoryLimitMb of [0, 15, -1, NaN]) {
    assert.throws(() => processConnection("app.db", { memoryLimitMb }), {
      name: "RangeError",
      message: /^memoryLimitMb must be a number of at least 16/,
    });
  }
});

test("a command that cannot be started is a typed error", async () => {
  for (const processCommand of [[], "node" as unknown as string[], [1] as unknown as string[]]) {
    assert.throws(() => processConnection("app.db", { processCommand }), {
      name: "TypeError",
      message: /^processCommand must be an array of a program and its arguments; got /,
    });
  }
  const factory = processConnection("app.db", { processCommand: ["/nowhere/runtime", "x.js"] });
  await assert.rejects(factory(), { name: "ConnectionLostError", mayHaveTakenEffect: false });
});

test("a file of unknown origin is read in a process without environment or standard output", async (t) => {
  // Those of other tests, which outlive them for a moment, are started in another way.
  await until(async () => (await childProcesses()).length === 0);
  const { path, db: writer } = await openTestDatabase(t);
  await writer.run("CREATE TABLE t AS SELECT 1 AS n");
  const { db } = await openTestDatabase(t, {
    execution: "process",
    untrusted: true,
    readers: 1,
    operationTimeoutMs: PATIENCE_MS,
  }, path);
  assert.deepEqual(await db.get("SELECT n FROM t"), { n: 1 });
  await assert.rejects(db.get("SELECT randomblob(900000000)"));
  assert.deepEqual(await db.get("SELECT n FROM t"), { n: 1 });
  if (process.platform !== "linux") return;
  const [child] = await childProcesses();
  const given = readFileSync(`/proc/${child}/environ`, "utf8");
  assert.ok(!given.includes("HOME="), "the environment is inherited");
  const outputs = [1, 2].map((fd) => readlinkSync(`/proc/${child}/fd/${fd}`));
  assert.deepEqual(outputs, ["/dev/null", "/dev/null"]);
});
