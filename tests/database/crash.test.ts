// kill -9 in the middle of writing: what was acknowledged is there, and nothing is half there.
// The nightly run sets CRASHES=10000.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { type Execution, openDatabase } from "../../mod.ts";
import { runtimeCommand, runtimeName, temporaryDirectory } from "../helpers/runtime.ts";

// The older Nodes run the same code on the same driver: there a few are enough.
const isOlderNode = runtimeName() === "node" && Number(process.versions.node.split(".")[0]) < 26;
const crashes = Number(process.env.CRASHES ?? (isOlderNode ? 10 : 100));

/** Starts the writer, kills it a while after its first write, and returns what it acknowledged. */
function crash(path: string, execution: Execution, afterMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const [command, ...args] = runtimeCommand("tests/database/crash_child.ts", [
      ...[path, "full", execution],
    ]);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    let isWriting = false;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      // Line one only says that the database is open: on a busy machine writes are far off then.
      if (isWriting || output.split("\n").length < 3) return;
      isWriting = true;
      setTimeout(() => child.kill("SIGKILL"), afterMs);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal !== "SIGKILL") return reject(new Error(`the writer ended by itself (${code})`));
      // The last line may be cut.
      resolve(output.split("\n").slice(1, -1));
    });
  });
}

test("kill -9 at any moment loses no acknowledged write and leaves no partial transaction", async (t) => {
  await crashAndCheck(t, "inline", crashes);
});

test("nor does it when statements run in threads", async (t) => {
  await crashAndCheck(t, "worker", Math.ceil(crashes / 10));
});

test("nor does it when they run in processes, which end with their host", async (t) => {
  await crashAndCheck(t, "process", Math.ceil(crashes / 10));
});

async function crashAndCheck(
  t: TestContext,
  execution: Execution,
  crashes: number,
): Promise<void> {
  const directory = temporaryDirectory(t);
  let acknowledged = 0;
  for (let round = 0; round < crashes; round++) {
    const path = join(directory, `crash-${round % 10}.db`);
    const lines = await crash(path, execution, Math.random() * 40);
    acknowledged += lines.length;
    const db = await openDatabase(path, { onWarning: () => {} });
    const found = await db.values(`
      SELECT way || ' ' || number, count(*) FROM acknowledged GROUP BY way, number
    `);
    const parts = new Map(found as [string, number][]);
    for (const line of lines) assert.ok(parts.has(line), `round ${round}: "${line}" was lost`);
    for (const [name, count] of parts) {
      const whole = name.startsWith("run") ? 1 : 3;
      assert.equal(count % whole, 0, `round ${round}: "${name}" has ${count} of ${whole} parts`);
    }
    assert.deepEqual(await db.values("PRAGMA integrity_check"), [["ok"]]);
    await db.run("DELETE FROM acknowledged");
    await db.close();
  }
  assert.ok(acknowledged >= crashes, `only ${acknowledged} writes were acknowledged in all`);
}
