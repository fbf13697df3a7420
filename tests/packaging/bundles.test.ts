/** The package inside of bundles: they work, and carry no more than they need. */

import assert from "node:assert/strict";
import { build, type Plugin } from "esbuild";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { readManifest } from "../../scripts/lib/npm/build.ts";
import { withoutDot } from "../../scripts/lib/npm/manifest.ts";
import { repositoryRoot } from "../helpers/runtime.ts";
import { bundlers } from "./helpers/bundlers.ts";
import { runProgram, runtimes } from "./helpers/commands.ts";
import { expected, installedProject } from "./helpers/projects.ts";

const KIB = 1024;

for (const [name, bundle] of Object.entries(bundlers)) {
  const outfile = `bundled-by-${name.replace(" ", "-")}.js`;
  let bundled: Promise<unknown> | undefined;
  let bundledThreads: Promise<unknown> | undefined;

  for (const runtime of runtimes) {
    test(`bundled by ${name}, on ${runtime.name}`, async () => {
      const cwd = await installedProject("npm");
      await (bundled ??= bundle(cwd, "app.js", outfile));
      const code = readFileSync(join(cwd, outfile), "utf8");
      assert.ok(!code.includes('"@sqlitepool/pool"'), "the package is not in the bundle");
      assert.deepEqual(await runProgram(runtime, outfile, { cwd }), expected("app.js"));
    });

    test(`threads bundled by ${name}, on ${runtime.name}`, async () => {
      const cwd = await installedProject("npm");
      await (bundledThreads ??= Promise.all([
        bundle(cwd, "threads.js", `threads-${outfile}`),
        bundle(cwd, "thread.js", `thread-${outfile}`),
      ]));
      const env = { THREAD: `./thread-${outfile}` };
      const output = await runProgram(runtime, `threads-${outfile}`, { cwd, env });
      assert.deepEqual(output, expected("threads.js"));
    });
  }
}

test("a CommonJS bundle works, and says what it needs for threads", async () => {
  const cwd = await installedProject("npm");
  const contents = `import { openDatabase } from "@sqlitepool/pool";
    (async () => {
      const db = await openDatabase(":memory:");
      const row = await db.get("SELECT 1 AS one");
      await db.close();
      const threads = await openDatabase("unused.db", { execution: "worker" }).catch(String);
      console.log(JSON.stringify({ row, threads }));
    })();`;
  await build({
    stdin: { contents, resolveDir: cwd },
    outfile: join(cwd, "bundle.cjs"),
    bundle: true,
    format: "cjs",
    platform: "node",
    logLevel: "silent",
  });
  const node = runtimes.find(({ kind }) => kind === "node")!;
  const { row, threads } = await runProgram(node, "bundle.cjs", { cwd }) as {
    row: unknown;
    threads: string;
  };
  assert.deepEqual(row, { one: 1 });
  assert.match(threads, /CommonJS bundle .* Pass an option `worker`/);
});

/**
 * How much may be loaded, in KiB, so that nobody makes it more without noticing. What these limits
 * pay for, beside the pool itself: every public method checks its options by name and by value,
 * waits are counted and worded in one place, and outcomes that are not known have an error of their
 * own. A connection tells from its text whether a statement controls a transaction, may fail in
 * part, or changes a setting. A single file has everything that could be loaded later too: leases
 * and their transactions, and with the main entry point threads, processes with their own wire
 * format, and the client of libSQL servers.
 */
interface Limits {
  /** Before the first line runs, where bundlers may make several files. */
  readonly start: number;
  /** In all, when a pool has opened a connection of node:sqlite. */
  readonly nodeSqlite: number;
  /** In a bundle of one file, which cannot leave for later what may never be needed. */
  readonly singleFile: number;
}

/** Programs by what the first column of the table calls them. */
const programs: Readonly<Record<string, string>> = {
  "all of `@sqlitepool/pool`": 'export * from "@sqlitepool/pool";',
  "`SQLiteConnectionPool` alone":
    'import { SQLiteConnectionPool } from "@sqlitepool/pool"; console.log(SQLiteConnectionPool);',
};

/** The limits are those that users read. */
function limitsOf(program: string): Limits {
  const page = readFileSync(join(repositoryRoot, "docs/how-it-works.md"), "utf8");
  const row = page.split("\n").find((line) => line.startsWith(`| ${program} `));
  assert.ok(row !== undefined, `docs/how-it-works.md has no row for ${program}`);
  const [start, nodeSqlite, singleFile] = row.split("|").slice(2).map(Number);
  return { start, nodeSqlite, singleFile };
}

/** Code that a program loads. */
interface Loaded {
  readonly code: string;
  readonly gzipBytes: number;
}

/** A browser-style bundle of a line: minified, without anything of Node. */
async function bundleLine(line: string, splitting: boolean): Promise<BuildResult> {
  return await build({
    stdin: { contents: line, resolveDir: await installedProject("npm"), sourcefile: "program.js" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    splitting,
    outdir: "out",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
}

type BuildResult = Awaited<ReturnType<typeof build<{ metafile: true; write: false }>>>;

/** The outputs of modules, with what they import statically: that is loaded before they run. */
function load({ metafile, outputFiles }: BuildResult, modules: readonly string[]): Loaded {
  const outputs = Object.entries(metafile.outputs);
  const paths = new Set(
    modules.map((module) => outputs.find(([, { entryPoint }]) => entryPoint?.endsWith(module))![0]),
  );
  for (const path of paths) {
    for (const { kind, path: imported } of metafile.outputs[path].imports) {
      if (kind === "import-statement") paths.add(imported);
    }
  }
  const files = [...paths].map((path) => outputFiles.find((file) => file.path.endsWith(path))!);
  return {
    code: files.map(({ text }) => text).join("\n"),
    gzipBytes: files.map(({ contents }) => gzipSync(contents, { level: 9 }).byteLength)
      .reduce((sum, bytes) => sum + bytes),
  };
}

/** What has to be loaded for a line of code. */
async function measure(line: string): Promise<Record<keyof Limits, Loaded>> {
  const split = await bundleLine(line, true);
  return {
    start: load(split, ["program.js"]),
    nodeSqlite: load(split, ["program.js", "dist/connection.js", "dist/synchronous.js"]),
    singleFile: load(await bundleLine(line, false), ["program.js"]),
  };
}

for (const [name, line] of Object.entries(programs)) {
  test(`how much is loaded, minified and compressed: ${name}`, async () => {
    const loaded = await measure(line);
    const sizes = Object.entries(limitsOf(name)).map(([what, limit]) => {
      const kib = loaded[what as keyof Limits].gzipBytes / KIB;
      return { what, kib, ok: kib < limit };
    });
    const report = sizes.map(({ what, kib }) => `${what} ${kib.toFixed(1)} KiB`).join(", ");
    console.log(`${name}: ${report}`);
    assert.ok(sizes.every(({ ok }) => ok), report);
  });
}

/**
 * The client of servers in one file, in KiB, without what it loads on demand: with the first
 * transaction, with replicas, when a request has failed, or when somebody watches. Half of it is its
 * own; the rest reads SQL, checks values and options, and words errors.
 */
const SERVER_CLIENT = 21.7;

const leavingOutWhatIsOnDemand: Plugin = {
  name: "on demand",
  setup({ onResolve }) {
    onResolve(
      { filter: /./ },
      ({ kind, path }) => kind === "dynamic-import" ? { external: true, path } : undefined,
    );
  },
};

test("the client of libSQL servers is only so large, and has nothing of Node", async () => {
  const { outputFiles: [{ contents, text }] } = await build({
    absWorkingDir: repositoryRoot,
    entryPoints: ["src/remote/remote.ts"],
    plugins: [leavingOutWhatIsOnDemand],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    write: false,
  });
  const kib = gzipSync(contents, { level: 9 }).byteLength / KIB;
  console.log(`the client of libSQL servers: ${kib.toFixed(1)} KiB`);
  assert.ok(kib < SERVER_CLIENT, `${kib.toFixed(1)} KiB`);
  assert.ok(!/from ?"node:/.test(text), "it imports what only Node has");
});

/**
 * What a Worker carries in its one file, in KiB. Half of it reads SQL, checks values and words
 * errors, as everywhere else; 1.2 tell hooks and instrumentation.
 */
const workers: Readonly<Record<string, { line: string; limit: number }>> = {
  "the database of a Durable Object": {
    line: 'export * from "@sqlitepool/pool/durable-object";',
    limit: 13.2,
  },
  "a database on D1": {
    line: 'export * from "@sqlitepool/pool/d1";',
    limit: 13.8,
  },
};

for (const [name, { line, limit }] of Object.entries(workers)) {
  test(`a Worker carries only so much, and nothing of Node: ${name}`, async () => {
    const result = await bundleLine(line, false);
    const { gzipBytes } = load(result, ["program.js"]);
    const kib = gzipBytes / KIB;
    console.log(`${name}: ${kib.toFixed(1)} KiB`);
    assert.ok(kib < limit, `${kib.toFixed(1)} KiB`);
    const outputs = Object.values(result.metafile.outputs);
    assert.deepEqual(outputs.flatMap(({ imports }) => imports.map(({ path }) => path)), []);
  });
}

test("a bundle of the pool alone carries neither openDatabase nor the worker", async () => {
  // Messages of their own, which no minifier changes.
  const markers = {
    openDatabase: "has held its snapshot for more than",
    workerConnection: "can load by its name (",
    worker: "This runtime has no threads.",
  };
  const everything = await measure(programs["all of `@sqlitepool/pool`"]);
  const poolAlone = await measure(programs["`SQLiteConnectionPool` alone"]);
  for (const [part, marker] of Object.entries(markers)) {
    assert.ok(everything.singleFile.code.includes(marker), `the marker of ${part} has changed`);
    assert.ok(!poolAlone.start.code.includes(marker), `${part} is loaded`);
    assert.ok(!poolAlone.singleFile.code.includes(marker), `${part} is carried`);
  }
});

test("the sources, which Deno loads one by one, load on demand what a program may never need", async () => {
  const { metafile: { inputs } } = await build({
    absWorkingDir: repositoryRoot,
    entryPoints: ["mod.ts"],
    bundle: true,
    format: "esm",
    platform: "neutral",
    metafile: true,
    write: false,
  });
  const atOnce = new Set(["mod.ts"]);
  for (const path of atOnce) {
    for (const { kind, path: imported } of inputs[path].imports) {
      if (kind === "import-statement") atOnce.add(imported);
    }
  }
  const adapters = Object.values(readManifest().exports).filter((path) => /adapters/.test(path));
  const onDemand = [
    // What openDatabase opens them with is in entry points that nothing imports.
    ...adapters.map((path) => withoutDot(path).replace(/\/driver\.ts$/, "/adapter.ts")),
    ...["src/driver/three_methods.ts", "src/sqlite/scan.ts", "src/driver/sync_connection.ts"],
    ...["src/database/open.ts", "src/connections/pipeline.ts", "src/worker/worker_connection.ts"],
  ];
  assert.equal(adapters.length, 9);
  assert.deepEqual(onDemand.filter((path) => !Object.hasOwn(inputs, path)), []);
  assert.deepEqual(onDemand.filter((path) => atOnce.has(path)), []);
});
