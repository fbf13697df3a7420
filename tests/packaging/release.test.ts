/** What releases rest on and cannot be tried without a network: dnt's options, and the comparison. */

import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readManifest } from "../../scripts/lib/npm/build.ts";
import { comparePackages, compareTarballs } from "../../scripts/lib/npm/compare.ts";
import { DNT, dntOptions } from "../../scripts/lib/npm/dnt_options.ts";
import { publishedManifest } from "../../scripts/lib/npm/manifest.ts";
import { builtPackage, processDirectory } from "./helpers/built_package.ts";
import { command } from "./helpers/commands.ts";

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
    compilerOptions: { target: "Latest", lib: ["ESNext", "DOM"] },
  });
  // A release must not change with the day it is built on.
  assert.match(DNT, /^jsr:@deno\/dnt@\d+\.\d+\.\d+$/);
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
    ["README.md", "Read me."],
  ]);
  const printedDifferently = new Map([
    ["README.md", "Read me."],
    ["package.json", '{ "name": "a", "exports": { ".": "./mod.js" } }'],
    ["types/mod.d.ts", "export declare const a:   1"],
    ["dist/mod.js", "var b = 1;\nexport { b as a };"],
  ]);
  assert.deepEqual(comparePackages(one, printedDifferently), []);

  const changes: [string, string | undefined, string][] = [
    ["package.json", '{"name":"a","exports":{}}', "package.json differs"],
    ["dist/mod.js", "const a = 1;\nexport { a as b };", "dist/mod.js differs"],
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
