/**
 * The way of a release, as far as it can be gone without a network: dnt's options, everything that
 * is done with what dnt makes, and the comparison.
 */

import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";

import { buildPackage, readManifest } from "../../scripts/lib/npm/build.ts";
import { comparePackages, compareTarballs } from "../../scripts/lib/npm/compare.ts";
import { DNT_VERSION, dntOptions } from "../../scripts/lib/npm/dnt_options.ts";
import { emitWithTsc } from "../../scripts/lib/npm/emit_tsc.ts";
import { publishedManifest } from "../../scripts/lib/npm/manifest.ts";
import { builtPackage, processDirectory } from "./helpers/built_package.ts";
import { command } from "./helpers/commands.ts";
import { startJsrRegistry } from "./helpers/registry.ts";

const manifest = readManifest();

test("dnt is asked for modules of the newest JavaScript, and for nothing else", () => {
  const { package: published, entryPoints, ...options } = dntOptions(
    publishedManifest(manifest),
    manifest.exports,
    "out",
  );
  assert.deepEqual(published, publishedManifest(manifest));
  assert.deepEqual(
    entryPoints,
    Object.entries(manifest.exports).map(([name, path]) => ({ name, path })),
  );
  assert.deepEqual(options, {
    outDir: "out",
    shims: {},
    polyfills: false,
    scriptModule: false,
    esModule: true,
    declaration: "inline",
    test: false,
    typeCheck: false,
    skipNpmInstall: true,
    skipSourceOutput: true,
    compilerOptions: { target: "Latest", sourceMap: true, lib: ["ESNext", "DOM"] },
  });
  // A release must not change with the day it is built on.
  assert.match(DNT_VERSION, /^\d+\.\d+\.\d+$/);
});

test("the published manifest names built files, and nothing of the workshop", () => {
  const published = publishedManifest({
    ...manifest,
    sideEffects: ["./src/worker/worker.ts"],
    exports: { ".": "./mod.ts", "./worker": "./src/worker/worker.ts" },
  });
  assert.deepEqual(published.exports, {
    ".": { types: "./types/mod.d.ts", default: "./dist/mod.js" },
    "./worker": { types: "./types/src/worker/worker.d.ts", default: "./dist/worker.js" },
    "./package.json": "./package.json",
  });
  assert.deepEqual(published.sideEffects, ["./dist/worker.js"]);
  assert.deepEqual(published.engines, manifest.engines);
  for (const key of ["devDependencies", "scripts", "allowScripts"]) {
    assert.ok(!(key in published), key);
  }
});

test("a difference that users would notice is found, one of layout is not", () => {
  const one = new Map([
    ["package.json", '{"name":"a","exports":{".":"./mod.js"}}'],
    ["dist/mod.js", "const a = 1;\nexport { a };"],
    ["types/mod.d.ts", "/** One. */\nexport declare const a: 1;\n"],
    ["dist/mod.js.map", '{"sources":["../mod.ts"],"mappings":"AAAA"}'],
    ["README.md", "Read me."],
  ]);
  const printedDifferently = new Map([
    ["README.md", "Read me."],
    ["package.json", '{ "name": "a", "exports": { ".": "./mod.js" } }'],
    ["types/mod.d.ts", "export declare const a:   1"],
    ["dist/mod.js", "var b = 1;\nexport { b as a };"],
    ["dist/mod.js.map", '{"mappings":"AACA","sources":["../mod.ts"]}'],
  ]);
  assert.deepEqual(comparePackages(one, printedDifferently), []);

  const changes: [string, string | undefined, string][] = [
    ["package.json", '{"name":"a","exports":{}}', "package.json differs"],
    ["dist/mod.js", "const a = 1;\nexport { a as b };", "dist/mod.js differs"],
    ["dist/mod.js.map", '{"sources":["mod.ts"]}', "dist/mod.js.map differs"],
    ["types/mod.d.ts", "export declare const a: number;", "types/mod.d.ts differs"],
    ["README.md", undefined, "README.md is in the first one only"],
    ["LICENSE", "MIT", "LICENSE is in the second one only"],
  ];
  for (const [path, text, difference] of changes) {
    const other = new Map(one);
    if (text === undefined) other.delete(path);
    else other.set(path, text);
    assert.deepEqual(comparePackages(one, other), [difference]);
  }
});

/** Stands in for dnt: writes where dnt does what tsc has made of the same sources. */
const DNT_STAND_IN = `
import { readdirSync, readFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";

export async function build(options: { outDir: string; entryPoints: { path: string }[] }) {
  if (options.entryPoints.length < 2) throw new Error("there are few entry points");
  const emitted = process.env.EMITTED!;
  for (const path of readdirSync(emitted, { recursive: true, encoding: "utf8" })) {
    if (!/\\.(js|js\\.map|d\\.ts)$/.test(path)) continue;
    if (path.startsWith(".")) continue;
    const target = join(options.outDir, "esm", path);
    mkdirSync(dirname(target), { recursive: true });
    const text = readFileSync(join(emitted, path), "utf8");
    // Comments may differ.
    writeFileSync(target, path.endsWith(".map") ? text : "// by dnt\\n" + text);
  }
}
`;

test("a package made by dnt passes for one made by tsc", async () => {
  const emitted = processDirectory();
  const sources = Object.values(manifest.exports).map((path) => path.replace("./", ""));
  await emitWithTsc(emitted, sources);
  const standIn = new Map([["mod.ts", DNT_STAND_IN]]);
  const exports = { ".": "./mod.ts" };
  process.env.JSR_URL = await startJsrRegistry(
    { name: "@deno/dnt", version: DNT_VERSION, exports, files: standIn },
  );
  process.env.DENO_DIR = processDirectory();
  process.env.EMITTED = emitted;
  const [byTsc, byDnt] = [await builtPackage(), await buildPackage("dnt", processDirectory())];
  assert.deepEqual(await compareTarballs(byTsc.tarball, byDnt.tarball), []);
});

test("tarballs are compared", async () => {
  const { tarball, directory } = await builtPackage();
  const cwd = processDirectory();
  cpSync(directory, join(cwd, "package"), { recursive: true });
  rmSync(join(cwd, "package/LICENSE"));
  writeFileSync(join(cwd, "package/types/mod.d.ts"), "export declare const nothing: unknown;\n");
  const other = join(cwd, "other.tgz");
  await command(["tar", "-czf", other, "package"], { cwd });
  assert.deepEqual(await compareTarballs(tarball, tarball), []);
  assert.deepEqual(await compareTarballs(tarball, other), [
    "LICENSE is in the first one only",
    "types/mod.d.ts differs",
  ]);
});
