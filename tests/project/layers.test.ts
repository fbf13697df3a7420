/** Who may import whom, and what the pool and mod.ts may not know. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { posix } from "node:path";
import { test } from "node:test";

import { findImports, findNames, findStrings, type Import } from "../helpers/imports.ts";
import { repositoryRoot } from "../helpers/runtime.ts";

/** Each may import from itself and from those before it. */
const layers = [
  "src/platform/",
  "src/pool/",
  "src/sqlite/",
  "src/driver/",
  "adapters/",
  "src/worker/",
  "src/process/",
  "src/connections/",
  "src/database/",
  "src/remote/",
  "src/edge/",
  "src/open_database.ts",
  "mod.ts",
  "integrations/",
];

/** Source files by path, relative to the root. */
type Sources = ReadonlyMap<string, string>;

function readSources(): Sources {
  const paths = ["src", "adapters", "integrations"].flatMap((directory) =>
    readdirSync(join(repositoryRoot, directory), { recursive: true, encoding: "utf8" })
      .map((path) => posix.join(directory, path.replaceAll("\\", "/")))
  );
  const files = ["mod.ts", ...paths.filter((path) => path.endsWith(".ts"))];
  return new Map(files.map((file) => [file, readFileSync(join(repositoryRoot, file), "utf8")]));
}

const layerOf = (path: string) => layers.findIndex((layer) => path.startsWith(layer));
const isRelative = ({ specifier }: Import) => specifier.startsWith(".");
const resolve = (from: string, { specifier }: Import) => posix.join(posix.dirname(from), specifier);

function layerViolations(sources: Sources): string[] {
  const violations: string[] = [];
  for (const [path, source] of sources) {
    if (layerOf(path) < 0) violations.push(`${path} is in no layer`);
    for (const found of findImports(source)) {
      if (isRelative(found)) {
        const layer = layerOf(resolve(path, found));
        if (layer < 0) violations.push(`${path} imports ${found.specifier}, which is in no layer`);
        if (layer > layerOf(path)) violations.push(`${path} imports ${found.specifier} from below`);
      } else if (found.specifier.startsWith("@sqlitepool/pool")) {
        violations.push(`${path} imports the package by its name`);
      } else if (path.startsWith("src/pool/")) {
        violations.push(`${path} imports ${found.specifier}: the pool needs nobody`);
      }
    }
  }
  return violations;
}

/**
 * Files that import each other in a circle, imports of types included: each such group once, by
 * Tarjan's algorithm.
 */
function cycles(sources: Sources): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (path: string): void => {
    index.set(path, index.size);
    lowest.set(path, index.get(path)!);
    stack.push(path);
    for (const specifier of findImports(sources.get(path) ?? "").filter(isRelative)) {
      const target = resolve(path, specifier);
      if (!index.has(target)) visit(target);
      if (stack.includes(target)) {
        lowest.set(path, Math.min(lowest.get(path)!, lowest.get(target)!));
      }
    }
    if (lowest.get(path) !== index.get(path)) return;
    const group = stack.splice(stack.indexOf(path));
    if (group.length > 1) found.push(group.sort());
  };
  for (const path of sources.keys()) if (!index.has(path)) visit(path);
  return found;
}

/** What an import of `entry` loads, sooner or later. */
function graph(sources: Sources, entry: string): string[] {
  const reached = new Set([entry]);
  for (const path of reached) {
    const source = sources.get(path);
    assert.ok(source !== undefined, `${path} is imported but does not exist`);
    for (const found of findImports(source).filter(isRelative)) reached.add(resolve(path, found));
  }
  return [...reached];
}

function foreignImports(sources: Sources, entry: string): string[] {
  return graph(sources, entry).flatMap((path) =>
    findImports(sources.get(path)!)
      .filter((found) => !isRelative(found) && !found.dynamic)
      .map(({ specifier }) => `${path} imports ${specifier}`)
  );
}

const sqlKeyword =
  /\b(SELECT|INSERT|UPDATE|DELETE|PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|CREATE|ATTACH|VACUUM)\b/;

function sqlInPool(sources: Sources): string[] {
  return poolFiles(sources).flatMap(([path, source]) =>
    findStrings(source).filter((text) => sqlKeyword.test(text)).map((text) => `${path}: "${text}"`)
  );
}

const surroundings = new Set([
  ...["setTimeout", "clearTimeout", "setInterval", "setImmediate", "Date", "performance"],
  ...["Math.random", "crypto", "process", "Deno", "Bun", "globalThis"],
]);

/** Under fake timers these belong to the test, and the library's waits would never end. */
const replaceable = new Set([
  ...["setTimeout", "clearTimeout", "setInterval", "setImmediate", "queueMicrotask"],
  ...["performance", "Date", "process.nextTick", "process.hrtime"],
]);
const CLOCK = "src/platform/clock.ts";

function timeBesideTheClock(sources: Sources): string[] {
  return [...sources].filter(([path]) => path !== CLOCK).flatMap(([path, source]) =>
    [...findNames(source)]
      .filter((name) => replaceable.has(name) && !isValue(path, name))
      .map((name) => `${path}: ${name}`)
  );
}

/** The tools that integrations are for have dates among their values. */
function isValue(path: string, name: string): boolean {
  return path.startsWith("integrations/") && name === "Date";
}

/** Time, chance and the runtime come in through src/platform, where tests replace them. */
function surroundingsInPool(sources: Sources): string[] {
  return poolFiles(sources).flatMap(([path, source]) =>
    [...findNames(source)].filter((name) => surroundings.has(name)).map((name) =>
      `${path}: ${name}`
    )
  );
}

function poolFiles(sources: Sources): [string, string][] {
  return [...sources].filter(([path]) => path.startsWith("src/pool/"));
}

test("every folder imports only from itself and the layers above it", () => {
  const sources = readSources();
  for (const layer of layers) {
    assert.ok([...sources.keys()].some((path) => path.startsWith(layer)), `nothing in ${layer}`);
  }
  assert.deepEqual(layerViolations(sources), []);
});

test("no files import each other in a circle, not even types", () => {
  assert.deepEqual(cycles(readSources()), []);
});

test("a folder is small, unless its files are instances of one pattern", () => {
  const sizes = new Map<string, number>();
  for (const path of readSources().keys()) {
    const folder = posix.dirname(path);
    sizes.set(folder, (sizes.get(folder) ?? 0) + 1);
  }
  assert.deepEqual([...sizes].filter(([, size]) => size > 16), []);
});

/** One state machine, and the classes whose documentation is the reference of the API. */
const LONG_FILES: readonly string[] = [
  "src/pool/pool.ts",
  "src/connections/connection.ts",
  "src/connections/connection_pool.ts",
  "src/database/database.ts",
  "src/database/local_database.ts",
  "src/remote/remote_session.ts",
  "src/remote/stream.ts",
  "src/edge/d1_session.ts",
];
const MOST_LINES = 350;

test("a file is short, unless it is one state machine or a class of the API", () => {
  const long = [...readSources()]
    .filter(([path, source]) => path !== "mod.ts" && source.split("\n").length > MOST_LINES + 1)
    .map(([path]) => path);
  assert.deepEqual(long.filter((path) => !LONG_FILES.includes(path)), []);
});

test("mod.ts imports nothing that belongs to one runtime or to a package", () => {
  const sources = readSources();
  assert.ok(graph(sources, "mod.ts").length > 10, "mod.ts reaches hardly any file");
  assert.deepEqual(foreignImports(sources, "mod.ts"), []);
});

test("the pool knows no SQL", () => {
  const sources = readSources();
  assert.ok(poolFiles(sources).length > 3);
  assert.deepEqual(sqlInPool(sources), []);
});

test("the pool knows no runtime, clock or chance of its own", () => {
  assert.deepEqual(surroundingsInPool(readSources()), []);
});

test("time comes from the clock alone, in every folder", () => {
  assert.deepEqual(timeBesideTheClock(readSources()), []);
});

test("planted violations are found", () => {
  const planted: Sources = new Map([
    [
      "mod.ts",
      `export { a } from "./src/pool/a.ts"; export type * from "./src/sqlite/b.ts";
       const lazy = await import("./adapters/c.ts"); await import("optional-package");`,
    ],
    [
      "src/pool/a.ts",
      `import { b } from "../sqlite/b.ts"; import "node:fs";
       const sql = \`BEGIN \${mode}\`, at = Date.now(), timer = options.setTimeout(1), bun = Math.random();`,
    ],
    ["src/sqlite/b.ts", `import type { DatabaseSync } from "node:sqlite"; export const b = 1;`],
    [
      "adapters/c.ts",
      `export const c: import("bun:sqlite").Database = 1; import "@sqlitepool/pool/node-sqlite";`,
    ],
    ["src/stray.ts", `import "./nowhere/x.ts";`],
  ]);
  assert.deepEqual(layerViolations(planted), [
    "src/pool/a.ts imports ../sqlite/b.ts from below",
    "src/pool/a.ts imports node:fs: the pool needs nobody",
    "adapters/c.ts imports the package by its name",
    "src/stray.ts is in no layer",
    "src/stray.ts imports ./nowhere/x.ts, which is in no layer",
  ]);
  assert.deepEqual(cycles(new Map([...planted, ["src/sqlite/b.ts", `import "../pool/a.ts";`]])), [
    ["src/pool/a.ts", "src/sqlite/b.ts"],
  ]);
  assert.deepEqual(foreignImports(planted, "mod.ts").sort(), [
    "adapters/c.ts imports @sqlitepool/pool/node-sqlite",
    "adapters/c.ts imports bun:sqlite",
    "src/pool/a.ts imports node:fs",
    "src/sqlite/b.ts imports node:sqlite",
  ]);
  assert.deepEqual(timeBesideTheClock(planted), ["src/pool/a.ts: Date"]);
  assert.deepEqual(sqlInPool(planted), ['src/pool/a.ts: "BEGIN "']);
  assert.deepEqual(surroundingsInPool(planted), [
    "src/pool/a.ts: Date",
    "src/pool/a.ts: Math.random",
  ]);
});
