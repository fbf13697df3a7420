// npm run jsr-project: a Deno project that has its packages from JSR, tests/jsr_project.
//
//   npm run jsr-project                  with this package from the sources here
//   npm run jsr-project -- --published   with this package from JSR too
//   npm run jsr-project -- --required    fails where JSR cannot be reached, instead of skipping

import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import { readManifest } from "./lib/npm/build.ts";
import { run } from "./lib/process.ts";
import { runtimes } from "./lib/runtimes.ts";

const SOURCE = "tests/jsr_project";
const deno = resolve(runtimes.find(({ kind }) => kind === "deno")!.binary);
const { name, exports } = readManifest();

/** The package from the sources here. */
function localImports(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(exports).map((
      [entry, path],
    ) => [entry.replace(".", name), pathToFileURL(resolve(path)).href]),
  );
}

const isPublished = process.argv.includes("--published");
const packages = ["jsr:@db/sqlite", "jsr:@std/assert", ...(isPublished ? [`jsr:${name}`] : [])];
// Not in the repository: another deno.json would apply there.
const cwd = mkdtempSync(join(tmpdir(), "sqlitepool-jsr-"));
try {
  for (const file of readdirSync(SOURCE)) copyFileSync(join(SOURCE, file), join(cwd, file));
  const imports = isPublished ? {} : localImports();
  writeFileSync(join(cwd, "deno.json"), JSON.stringify({ imports, lock: false }));
  process.chdir(cwd);
  const reached = await run(deno, ["info", "jsr:@std/assert"]);
  if (reached.problem !== undefined && !process.argv.includes("--required")) {
    const [reason] = reached.output.match(/error.*/) ?? [reached.problem];
    console.log(`skipped: JSR cannot be reached from here: ${reason}`);
  } else {
    await step(["add", ...packages]);
    await step(["test", "--allow-all"]);
  }
} finally {
  process.chdir(tmpdir());
  rmSync(cwd, { recursive: true, force: true });
}

async function step(args: readonly string[]): Promise<void> {
  if (process.exitCode !== undefined) return;
  const { problem, output } = await run(deno, args);
  console.log(`$ deno ${args.join(" ")}\n${output}`);
  if (problem === undefined) return;
  console.error(`FAILED deno ${args[0]}: ${problem}`);
  process.exitCode = 1;
}
