// Emits modules and declarations with the TypeScript compiler, using only what is installed.

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { renameImports } from "../../../tests/helpers/imports.ts";
import { run } from "../process.ts";
import { scriptRuntime } from "../runtimes.ts";
import { reachedSources } from "./sources.ts";

const SOURCES = ".sources";

/** Emits the graph of the entry points, paths from the root of the repository, into a directory. */
export async function emitWithTsc(directory: string, entries: readonly string[]): Promise<void> {
  const sources = join(directory, SOURCES);
  const paths = copyForTsc(entries, sources);
  writeFileSync(join(sources, "package.json"), '{"type":"module"}');
  // Integrations import the packages that they are for.
  symlinkSync(resolve("node_modules"), join(sources, "node_modules"), "junction");
  const compilerOptions = {
    noEmit: false,
    noEmitOnError: true,
    sourceMap: true,
    allowImportingTsExtensions: false,
    rootDir: ".",
    outDir: "..",
    typeRoots: [resolve("node_modules/@types")],
  };
  const tsconfig = join(sources, "tsconfig.json");
  writeFileSync(
    tsconfig,
    JSON.stringify({
      extends: resolve("tsconfig.json"),
      compilerOptions,
      files: paths,
      include: [],
    }),
  );
  const tsc = "node_modules/typescript/bin/tsc";
  const { problem, output } = await run(scriptRuntime.binary, [tsc, "--project", tsconfig]);
  if (problem !== undefined) throw new Error(`tsc: ${problem}\n${output}`);
}

/**
 * Copies what the entry points reach, with the extensions of modules in imports, as dnt does too.
 * The compiler could rewrite them, but not in declarations, and it adds a helper to modules that
 * import by a variable.
 */
function copyForTsc(entries: readonly string[], directory: string): string[] {
  const reached = reachedSources(entries);
  for (const path of reached) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, renameImports(readFileSync(path, "utf8"), published));
  }
  return reached;
}

function published(specifier: string): string {
  return specifier.startsWith(".") ? specifier.replace(/\.ts$/, ".js") : specifier;
}
