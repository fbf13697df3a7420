/** The tarball in the projects of users: installed, imported, type-checked and run. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readManifest } from "../../scripts/lib/npm/build.ts";
import { repositoryRoot } from "../helpers/runtime.ts";
import { command, installed, runProgram, runtimes } from "./helpers/commands.ts";
import {
  expected,
  installedProject,
  integratedPackages,
  linkPackages,
  managers,
} from "./helpers/projects.ts";

for (const manager of managers) {
  test(`${manager} installs the tarball and nothing else`, async () => {
    const modules = join(await installedProject(manager), "node_modules");
    const found = readdirSync(modules).filter((name) => !name.startsWith("."));
    assert.deepEqual(found, ["@sqlitepool"]);
    const manifest = readFileSync(join(modules, "@sqlitepool/pool/package.json"), "utf8");
    assert.equal(JSON.parse(manifest).version, readManifest().version);
  });

  for (const runtime of runtimes) {
    test(`JavaScript on ${runtime.name}, installed by ${manager}`, async () => {
      const cwd = await installedProject(manager);
      assert.deepEqual(await runProgram(runtime, "app.js", { cwd }), expected("app.js"));
    });

    test(`threads on ${runtime.name}, installed by ${manager}`, async () => {
      const cwd = await installedProject(manager);
      assert.deepEqual(await runProgram(runtime, "threads.js", { cwd }), expected("threads.js"));
    });
  }
}

for (const runtime of runtimes) {
  test(`TypeScript on ${runtime.name}`, async () => {
    const cwd = await installedProject("npm");
    assert.deepEqual(await runProgram(runtime, "app.ts", { cwd }), expected("app.ts"));
  });

  test(`every entry point on ${runtime.name}`, async () => {
    const cwd = await installedProject("npm");
    linkPackages(cwd, ...integratedPackages);
    const { name, exports } = readManifest();
    const names: Record<string, string[]> = {};
    const imports = Object.entries(exports).map(async ([key, source]) => {
      const specifier = key.replace(".", name);
      names[specifier] = Object.keys(await import(join(repositoryRoot, source))).sort();
    });
    await Promise.all(imports);
    const program = `entries-${runtime.name}.js`;
    writeFileSync(
      join(cwd, program),
      `const names = {};
      for (const specifier of ${JSON.stringify(Object.keys(names))}) {
        names[specifier] = Object.keys(await import(specifier)).sort();
      }
      console.log(JSON.stringify(names));`,
    );
    assert.deepEqual(await runProgram(runtime, program, { cwd }), names);
  });
}

const compilers = { "TypeScript 5": "typescript5", "TypeScript 7": "typescript" };
for (const [compiler, packageName] of Object.entries(compilers)) {
  for (const moduleResolution of ["nodenext", "bundler"]) {
    test(`types by ${compiler}, moduleResolution ${moduleResolution}`, async () => {
      const cwd = await installedProject("npm");
      const tsconfig = join(cwd, `tsconfig-${packageName}-${moduleResolution}.json`);
      const compilerOptions = {
        module: moduleResolution === "bundler" ? "esnext" : moduleResolution,
        moduleResolution,
        target: "es2024",
        lib: ["es2024", "esnext.disposable"],
        typeRoots: [installed("@types")],
        types: ["node"],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
      };
      writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files: ["app.ts"] }));
      const tsc = installed(`${packageName}/bin/tsc`);
      await command(["node", tsc, "--project", tsconfig], { cwd });
    });
  }
}

test("types by deno check", async () => {
  const cwd = await installedProject("deno");
  linkPackages(cwd, "@types/node", "undici-types");
  const { binary } = runtimes.find(({ kind }) => kind === "deno")!;
  await command([join(repositoryRoot, binary), "check", "--no-lock", "app.ts"], { cwd });
});
