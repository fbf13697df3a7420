/** What is in the tarball, and what the tools say that judge packages. */

import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { test } from "node:test";
import { publint } from "publint";

import { readManifest } from "../../scripts/lib/npm/build.ts";
import { repositoryRoot } from "../helpers/runtime.ts";
import { builtPackage, processDirectory } from "./helpers/built_package.ts";
import { binaryOf, command } from "./helpers/commands.ts";

const KIB = 1024;

test("the package is modules, declarations and documents", async () => {
  const { directory } = await builtPackage();
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
  const documents = ["README.md", "LICENSE", "CHANGELOG.md", "package.json"];
  const others = paths.filter((path) =>
    !/^dist\/[\w-]+\.js$/.test(path) && !/^types\/[\w/]+\.d\.ts$/.test(path)
  );
  assert.deepEqual(others.sort(), documents.sort());
});

test("nothing is installed or run for those who install the package", async () => {
  const { directory } = await builtPackage();
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  for (const key of ["dependencies", "optionalDependencies", "bundleDependencies", "scripts"]) {
    assert.equal(manifest[key], undefined, key);
  }
  for (const name of Object.keys(manifest.peerDependencies)) {
    assert.equal(manifest.peerDependenciesMeta[name].optional, true, name);
  }
});

test("the tarball is small", async () => {
  const { packedBytes } = await builtPackage();
  assert.ok(packedBytes < 130 * KIB, `${packedBytes} bytes`);
});

test("the tarball is the same from another directory", async () => {
  const copy = processDirectory();
  const left = new Set([".git", "node_modules", "npm", "tests", "bench", "docs"]);
  cpSync(repositoryRoot, copy, {
    recursive: true,
    filter: (path) => !left.has(relative(repositoryRoot, path)),
  });
  cpSync(join(repositoryRoot, "tests/helpers"), join(copy, "tests/helpers"), { recursive: true });
  symlinkSync(join(repositoryRoot, "node_modules"), join(copy, "node_modules"));
  await command([binaryOf("node"), "scripts/build_npm.ts"], { cwd: copy });
  const { tarball } = await builtPackage();
  assert.equal(hashOf(join(copy, "npm/tsc", basename(tarball))), hashOf(tarball));
});

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

test("publint has nothing to say", async () => {
  const { directory } = await builtPackage();
  const { messages } = await publint({ pkgDir: directory, pack: "npm", strict: true });
  assert.deepEqual(messages, []);
});

test("the types of every entry point fit its module, says Are The Types Wrong", async () => {
  const { tarball } = await builtPackage();
  const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  assert.ok(result.types !== false, "the package has no types");
  const subpaths = Object.keys(readManifest().exports);
  assert.deepEqual(
    Object.keys(result.entrypoints).filter((subpath) => subpath !== "./package.json").sort(),
    subpaths.sort(),
  );
  // There is no CommonJS, for which the other two ways of resolution are.
  const modern = ["node16-esm", "bundler"];
  const problems = result.problems.filter((problem) =>
    !("resolutionKind" in problem) || modern.includes(problem.resolutionKind)
  );
  assert.deepEqual(problems, []);
});
