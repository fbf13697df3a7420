/** The package inside of bundles: they work, and carry no more than they need. */

import assert from "node:assert/strict";
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { bundlers } from "./helpers/bundlers.ts";
import { runProgram, runtimes } from "./helpers/commands.ts";
import { expected, installedProject } from "./helpers/projects.ts";

const KIB = 1024;

/** What bundles are today and little more, so that nobody makes them larger without noticing. */
const LIMITS = { everything: 36.5 * KIB, poolAlone: 25.5 * KIB } as const;

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

interface Bundled {
  readonly code: string;
  readonly gzipBytes: number;
}

/** What a browser-style bundle of one line is made of: minified, without anything of Node. */
async function bundleLine(line: string): Promise<Bundled> {
  const { outputFiles } = await build({
    stdin: { contents: line, resolveDir: await installedProject("npm") },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    write: false,
    logLevel: "silent",
  });
  const [{ text, contents }] = outputFiles;
  return { code: text, gzipBytes: gzipSync(contents, { level: 9 }).byteLength };
}

test("all of the main entry point, minified and compressed", async () => {
  const { gzipBytes } = await bundleLine('export * from "@sqlitepool/pool";');
  assert.ok(gzipBytes < LIMITS.everything, `${gzipBytes} bytes`);
});

test("a bundle of the pool alone carries neither openDatabase nor the worker", async () => {
  const { code, gzipBytes } = await bundleLine(
    'import { SQLiteConnectionPool } from "@sqlitepool/pool"; console.log(SQLiteConnectionPool);',
  );
  // Messages of their own, which no minifier changes.
  const markers = {
    openDatabase: "has held its snapshot for more than",
    worker: "This runtime has no threads.",
  };
  const everything = await bundleLine('export * from "@sqlitepool/pool";');
  for (const [part, marker] of Object.entries(markers)) {
    assert.ok(everything.code.includes(marker), `the marker of ${part} has changed`);
    assert.ok(!code.includes(marker), `${part} is in the bundle`);
  }
  assert.ok(gzipBytes < LIMITS.poolAlone, `${gzipBytes} bytes`);
});
