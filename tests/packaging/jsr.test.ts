/** The sources as JSR serves them, and as plain modules of a web server. */

import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readManifest } from "../../scripts/lib/npm/build.ts";
import { repositoryRoot } from "../helpers/runtime.ts";
import { processDirectory } from "./helpers/built_package.ts";
import { binaryOf, command, runProgram, runtimes } from "./helpers/commands.ts";
import { expected } from "./helpers/projects.ts";
import { publishedSources } from "./helpers/published_sources.ts";
import { startJsrRegistry, startNpmRegistry } from "./helpers/registry.ts";

const deno = runtimes.find(({ kind }) => kind === "deno")!;
const { name, version, exports } = readManifest();

interface DenoProject {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A directory with the programs of `apps/`, in which the package is at `imports`. */
function denoProject(
  imports: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): DenoProject {
  const cwd = processDirectory();
  for (const program of ["app.js", "app.ts", "threads.js"]) {
    copyFileSync(join(repositoryRoot, "tests/packaging/apps", program), join(cwd, program));
  }
  writeFileSync(join(cwd, "deno.json"), JSON.stringify({ imports, lock: false }));
  return { cwd, env: { ...env, DENO_DIR: join(cwd, ".deno") } };
}

const forms: Readonly<Record<string, () => Promise<DenoProject>>> = {
  async "jsr:"() {
    const url = await startJsrRegistry();
    return denoProject({ [name]: `jsr:${name}@${version}` }, { JSR_URL: url });
  },
  async "http:"() {
    const root = new URL(`${name}/${version}/`, await startJsrRegistry());
    const entries = Object.entries(exports).map((
      [key, path],
    ) => [key.replace(".", name), new URL(path, root).href]);
    return denoProject(Object.fromEntries(entries), {});
  },
  async "npm:"() {
    const url = await startNpmRegistry();
    return denoProject({ [name]: `npm:${name}@${version}` }, { NPM_CONFIG_REGISTRY: url });
  },
};

for (const [form, makeProject] of Object.entries(forms)) {
  let made: Promise<DenoProject> | undefined;
  const project = () => made ??= makeProject();

  test(`${form} on Deno, JavaScript`, async () => {
    assert.deepEqual(await runProgram(deno, "app.js", await project()), expected("app.js"));
  });

  test(`${form} on Deno, threads`, async () => {
    assert.deepEqual(await runProgram(deno, "threads.js", await project()), expected("threads.js"));
  });

  test(`${form} on Deno, TypeScript`, async () => {
    assert.deepEqual(await runProgram(deno, "app.ts", await project()), expected("app.ts"));
  });

  test(`${form} on Deno, every entry point`, async () => {
    const { cwd, env } = await project();
    // Those of integrations import packages that these registries do not have.
    const imports = Object.entries(exports)
      .filter(([, path]) => !path.startsWith("./integrations/"))
      .map(([key]) => `import "${key.replace(".", name)}";`);
    writeFileSync(join(cwd, "entries.ts"), `${imports.join("\n")}\nconsole.log("[]");\n`);
    assert.deepEqual(await runProgram(deno, "entries.ts", { cwd, env }), []);
  });

  test(`${form} on Deno, types`, async () => {
    await command([binaryOf("deno"), "check", "--allow-import", "app.ts"], await project());
  });
}

test("every entry point is published, and nothing but the package", () => {
  const sources = publishedSources();
  for (const path of Object.values(exports)) {
    assert.ok(sources.includes(path.replace("./", "")), `${path} is not published`);
  }
  const strays = sources.filter((source) => /^(tests|scripts|bench|examples)\//.test(source));
  assert.deepEqual(strays, []);
  // README.md links to them.
  assert.ok(sources.includes("docs/database.md"), "the documents are not published");
});
