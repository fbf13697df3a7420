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
const LIMITS = { everything: 29 * KIB, poolAlone: 22.5 * KIB } as const;

for (const [name, bundle] of Object.entries(bundlers)) {
  const outfile = `bundled-by-${name.replace(" ", "-")}.js`;
  let bundled: Promise<unknown> | undefined;

  for (const runtime of runtimes) {
    test(`bundled by ${name}, on ${runtime.name}`, async () => {
      const cwd = await installedProject("npm");
      await (bundled ??= bundle(cwd, "app.js", outfile));
      const code = readFileSync(join(cwd, outfile), "utf8");
      assert.ok(!code.includes('"@sqlitepool/pool"'), "the package is not in the bundle");
      assert.deepEqual(await runProgram(runtime, outfile, { cwd }), expected("app.js"));
    });
  }
}

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

test("a bundle of the pool alone carries no openDatabase", async () => {
  const { code, gzipBytes } = await bundleLine(
    'import { SQLiteConnectionPool } from "@sqlitepool/pool"; console.log(SQLiteConnectionPool);',
  );
  // A message of its own, which no minifier changes.
  const marker = "has held its snapshot for more than";
  const everything = await bundleLine('export * from "@sqlitepool/pool";');
  assert.ok(everything.code.includes(marker), "the marker is not in openDatabase any more");
  assert.ok(!code.includes(marker), "openDatabase is in the bundle");
  assert.ok(gzipBytes < LIMITS.poolAlone, `${gzipBytes} bytes`);
});
