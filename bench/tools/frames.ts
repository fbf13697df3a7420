// How much of the library is between a call and its driver: frames on the stack when the driver is
// called, and promises made per call. Both are exact counts, the same in every run. Node only, for
// its promise hooks; inline, because a thread has a stack of its own.
//
//   node bench/tools/frames.ts            a line for each kind of call
//   node bench/tools/frames.ts --names    with the names of the frames, the driver's caller first

import { createHook } from "node:async_hooks";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { openDatabase, SQLiteConnectionPool } from "../../mod.ts";

const READ = "SELECT 1 AS one";
const WRITE = "INSERT INTO t (n) VALUES (?)";
const METHODS = ["all", "get", "iterate", "run"] as const;

const directory = mkdtempSync(join(tmpdir(), "sqlitepool-frames-"));
const library = ["../../src/", "../../adapters/", "../../mod.ts"]
  .map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** The library's frames at the first call of the driver since this was emptied. */
let frames: string[] | undefined;

interface Prototype {
  readonly sourceSQL: string;
  [method: string]: unknown;
}

/** Makes the driver's statements note who calls them. */
function watchDriver(): void {
  const handle = new DatabaseSync(":memory:");
  const prototype = Object.getPrototypeOf(handle.prepare("SELECT 1")) as Prototype;
  handle.close();
  for (const method of METHODS) {
    const original = prototype[method] as (...args: unknown[]) => unknown;
    prototype[method] = function (this: Prototype, ...args: unknown[]): unknown {
      if (this.sourceSQL === READ || this.sourceSQL === WRITE) frames ??= libraryFrames();
      return original.apply(this, args);
    };
  }
}

function libraryFrames(): string[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = Infinity;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites = new Error().stack as unknown as NodeJS.CallSite[];
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  return sites
    .filter((site) => {
      const file = site.getFileName() ?? "";
      const path = file.startsWith("file:") ? fileURLToPath(file) : file;
      const isAsync = (site as NodeJS.CallSite & { isAsync(): boolean }).isAsync();
      return !isAsync && library.some((prefix) => path.startsWith(prefix));
    })
    .map((site) => `${site.getFunctionName() ?? "(anonymous)"} (${position(site)})`);
}

function position(site: NodeJS.CallSite): string {
  const [folder, file] = (site.getFileName() ?? "").split("/").slice(-2);
  return `${folder}/${file}:${site.getLineNumber()}`;
}

let promises = 0;
const hook = createHook({
  init(_id, type) {
    if (type === "PROMISE") promises += 1;
  },
});

/** Promises made from a call until its end. */
function countPromises(call: () => Promise<unknown>): Promise<number> {
  return new Promise((resolve) => {
    // In a turn where nobody else makes promises, such as those of the await out there.
    setImmediate(() => {
      hook.enable();
      promises = 0;
      const done = (): void => {
        hook.disable();
        // The one that `then` made is not the library's.
        resolve(promises - 1);
      };
      call().then(done, done);
    });
  });
}

async function measure(name: string, call: () => Promise<unknown>): Promise<void> {
  // What is loaded on demand and prepared once is not part of a call.
  for (let i = 0; i < 10; i++) await call();
  // A turn of its own: after 2 ms of calls in one turn the next waits for the event loop.
  await nextTurn();
  frames = undefined;
  await call();
  await nextTurn();
  const made = await countPromises(call);
  console.log(`${name.padEnd(16)} ${String(frames!.length).padStart(6)} ${made}`);
  if (process.argv.includes("--names")) console.log(frames!.map((it) => `    ${it}`).join("\n"));
}

watchDriver();
const pool = new SQLiteConnectionPool(() => new DatabaseSync(":memory:"));
const lease = await pool.connection();
const db = await openDatabase(join(directory, "frames.db"), { onWarning: () => {} });
try {
  await db.run("CREATE TABLE t (n INTEGER)");
  console.log("call             frames promises");
  await measure("pool.execute", () => pool.execute(READ));
  await measure("lease.execute", () => lease.execute(READ));
  await measure("db.get", () => db.get(READ));
  await measure("db.run, alone", () => db.run(WRITE, [1]));
  await measure("db.run, ten", () => tenAtOnce(() => db.run(WRITE, [1])));
} finally {
  await db.close();
  await lease.release();
  await pool.close();
  rmSync(directory, { recursive: true });
}

/** Ten calls in one turn. They end in order, so that the last stands for all. */
function tenAtOnce(call: () => Promise<unknown>): Promise<unknown> {
  const calls = Array.from({ length: 10 }, call);
  return calls.at(-1)!;
}
