/** One package on two registries: its manifests must tell the same. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { repositoryRoot } from "../helpers/runtime.ts";

interface Manifest {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
  imports?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  publish?: { include: string[] };
}

const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");
const npm: Manifest = JSON.parse(read("package.json"));
const deno: Manifest = JSON.parse(read("deno.json"));
const jsr: Manifest = JSON.parse(read("jsr.json"));

function identity({ name, version, license, exports }: Manifest): Omit<Manifest, "imports"> {
  return { name, version, license, exports };
}

test("package.json, deno.json and jsr.json agree", () => {
  assert.match(npm.version, /^\d+\.\d+\.\d+/);
  assert.equal(npm.license, "MIT");
  assert.ok(Object.keys(npm.exports).length >= 3);
  assert.deepEqual(identity(deno), identity(npm));
  assert.deepEqual(identity(jsr), identity(npm));
});

test("jsr.json says what deno.json says, which JSR prefers without a word", () => {
  for (const [key, value] of Object.entries(jsr)) {
    assert.deepEqual(value, deno[key as keyof Manifest], key);
  }
  assert.deepEqual(Object.keys(jsr).sort(), ["exports", "license", "name", "publish", "version"]);
});

test("what is published has every export, the documents and no tests", () => {
  const { include } = deno.publish!;
  const isIncluded = (path: string) =>
    include.some((part) => part === path || part.endsWith("/") && path.startsWith(part));
  const exported = Object.values(npm.exports).map((path) => path.replace("./", ""));
  for (const path of [...exported, "README.md", "LICENSE", "CHANGELOG.md"]) {
    assert.ok(isIncluded(path), `${path} is not published`);
  }
  assert.ok(!isIncluded("tests/project/manifests.test.ts"));
  assert.ok(!isIncluded("scripts/test.ts"));
});

test("every export exists", () => {
  for (const path of Object.values(npm.exports)) {
    assert.ok(existsSync(join(repositoryRoot, path)), `${path} does not exist`);
  }
});

test("Deno finds the package under its own name, as Node and Bun do", () => {
  const expected = Object.entries(npm.exports).map((
    [key, path],
  ) => [key.replace(".", npm.name), path]);
  const own = Object.entries(deno.imports!).filter(([key]) => key.startsWith(npm.name));
  assert.deepEqual(own, expected);
});

test("what integrations import is an optional peer on npm, and comes from npm on JSR", () => {
  const others = Object.entries(deno.imports!).filter(([key]) => !key.startsWith(npm.name));
  assert.ok(others.length > 0);
  for (const [key, target] of others) {
    assert.ok(target.startsWith(`npm:${key}@^`), `${key} is ${target}`);
    assert.ok(Object.hasOwn(npm.peerDependencies!, key), `${key} is no peer`);
  }
});

test("the changelog has the version", () => {
  assert.ok(read("CHANGELOG.md").includes(`\n## [${npm.version}]`));
});
