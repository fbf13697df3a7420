/**
 * What the operating system is asked for, in order: no transaction is acknowledged before a sync of
 * the log that began after its frame was written. The nightly run sets TRACED=20000.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { runtimeCommand, temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const transactions = Number(process.env.TRACED ?? 180);

const CALLS = "pwrite64,write,fsync,fdatasync";

function whyNot(): string | undefined {
  if (process.platform !== "linux") return "strace traces Linux only";
  const { error, status } = spawnSync("strace", ["-f", "-qq", "-e", `trace=${CALLS}`, "true"]);
  if (error !== undefined) return "strace is not installed";
  return status === 0 ? undefined : "processes may not be traced here";
}

/** What a trace tells of the transactions. */
class Trace {
  acknowledged = 0;
  readonly problems: string[] = [];
  /** The number of the line on which the frame of a mark was written. */
  readonly #written = new Map<string, number>();
  /** The line on which a sync began, of those that have ended the one that began last. */
  #syncedFrom = 0;
  /** Calls in progress by thread: what they are, and the line on which they began. */
  readonly #open = new Map<string, { readonly call: string; readonly line: number }>();
  #line = 0;

  /** Reads a line of `strace -f -y`: a call, or the beginning or the end of one. */
  read(text: string): void {
    this.#line += 1;
    const [, thread, what] = /^(\d+) +(.*)$/.exec(text) ?? [];
    if (thread === undefined) return;
    if (what.startsWith("<... ")) {
      const open = this.#open.get(thread);
      this.#open.delete(thread);
      if (open !== undefined) this.#ends(open.call + what, open.line);
      return;
    }
    this.#begins(what);
    if (what.endsWith("<unfinished ...>")) this.#open.set(thread, { call: what, line: this.#line });
    else this.#ends(what, this.#line);
  }

  #begins(call: string): void {
    const mark = /^write\(1\D.*"acknowledged (mark-\d+\.)/.exec(call)?.[1];
    if (mark === undefined) return;
    this.acknowledged += 1;
    const written = this.#written.get(mark);
    if (written === undefined) this.problems.push(`${mark} was acknowledged, but never written`);
    else if (written >= this.#syncedFrom) this.problems.push(`${mark} was not synced`);
  }

  #ends(call: string, begunOn: number): void {
    if (/^pwrite64\(\d+<[^>]*-wal>/.test(call)) {
      // Frames repeat what was written before.
      for (const [mark] of call.matchAll(/mark-\d+\./g)) {
        if (!this.#written.has(mark)) this.#written.set(mark, this.#line);
      }
    } else if (/^f(?:data)?sync\(\d+<[^>]*-wal>.*= 0$/.test(call)) {
      this.#syncedFrom = Math.max(this.#syncedFrom, begunOn);
    }
  }
}

async function traced(
  t: TestContext,
  execution: string,
  disk: "works" | "lies",
  count: number,
): Promise<Trace> {
  const directory = temporaryDirectory(t);
  const output = join(directory, "trace");
  const command = runtimeCommand("tests/database/sync_trace_child.ts", [
    ...[join(directory, "traced.db"), execution, String(count), disk],
  ]);
  const { status, stderr } = spawnSync(
    "strace",
    ["-f", "--seccomp-bpf", "-y", "-qq", "-s", "512", "-e", `trace=${CALLS}`, "-o", output]
      .concat(command),
    // What goes through a ring is no call that could be traced.
    { env: { ...process.env, UV_USE_IO_URING: "0" }, stdio: ["ignore", "ignore", "pipe"] },
  );
  assert.equal(status, 0, String(stderr));
  const trace = new Trace();
  for await (const line of createInterface({ input: createReadStream(output) })) trace.read(line);
  assert.ok(trace.acknowledged >= count, `${trace.acknowledged} of ${count} were acknowledged`);
  return trace;
}

const reason = whyNot();
for (const execution of ["inline", "worker"]) {
  const name = `${execution}: no acknowledgement precedes a sync that follows its commit`;
  test(name, skipFor(name, reason), async (t) => {
    const { problems } = await traced(t, execution, "works", transactions);
    assert.deepEqual(problems, []);
  });
}

const name = "a trace of acknowledgements without a sync is found out";
test(name, skipFor(name, reason), async (t) => {
  const { problems } = await traced(t, "inline", "lies", 90);
  assert.match(problems.join("\n"), /mark-\d+\. was not synced/);
});
