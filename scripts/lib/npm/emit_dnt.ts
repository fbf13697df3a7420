// Emits modules and declarations with dnt, which is on JSR.

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";

import { run } from "../process.ts";
import { runtimes } from "../runtimes.ts";
import { DNT_MODULES } from "./dnt_options.ts";

const deno = runtimes.find(({ kind }) => kind === "deno")!.binary;

/** Emits the graph of the package's exports into a directory. */
export async function emitWithDnt(directory: string): Promise<void> {
  // The packages that dnt needs are not installed here.
  const flags = ["--allow-all", "--no-config", "--no-lock", "--node-modules-dir=none"];
  const script = "scripts/lib/npm/dnt_build.ts";
  const { problem, output } = await run(deno, ["run", ...flags, script, directory]);
  if (problem !== undefined) throw new Error(`dnt: ${problem}\n${output}`);
  const modules = join(directory, DNT_MODULES);
  cpSync(modules, directory, { recursive: true });
  rmSync(modules, { recursive: true });
}
