// Modules and declarations by the TypeScript compiler: needs nothing but what is installed.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { run } from "../process.ts";
import { scriptRuntime } from "../runtimes.ts";

/** Emits the graph of the entry points, paths from the root of the repository, into a directory. */
export async function emitWithTsc(directory: string, entries: readonly string[]): Promise<void> {
  const tsconfig = join(directory, "tsconfig.json");
  const compilerOptions = {
    noEmit: false,
    noEmitOnError: true,
    rewriteRelativeImportExtensions: true,
    rootDir: resolve("."),
    outDir: ".",
    typeRoots: [resolve("node_modules/@types")],
  };
  writeFileSync(
    tsconfig,
    JSON.stringify({
      extends: resolve("tsconfig.json"),
      compilerOptions,
      files: entries.map((entry) => resolve(entry)),
      include: [],
    }),
  );
  const tsc = "node_modules/typescript/bin/tsc";
  const { problem, output } = await run(scriptRuntime.binary, [tsc, "--project", tsconfig]);
  if (problem !== undefined) throw new Error(`tsc: ${problem}\n${output}`);
}
