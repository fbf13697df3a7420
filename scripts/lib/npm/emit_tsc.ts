// Emits modules and declarations with the TypeScript compiler, using only what is installed.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix, resolve } from "node:path";

import { findImports, renameImports } from "../../../tests/helpers/imports.ts";
import { run } from "../process.ts";
import { scriptRuntime } from "../runtimes.ts";

const SOURCES = ".sources";

/** Emits the graph of the entry points, paths from the root of the repository, into a directory. */
export async function emitWithTsc(directory: string, entries: readonly string[]): Promise<void> {
  const sources = join(directory, SOURCES);
  const paths = copySources(entries, sources);
  writeFileSync(join(sources, "package.json"), '{"type":"module"}');
  const compilerOptions = {
    noEmit: false,
    noEmitOnError: true,
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
function copySources(entries: readonly string[], directory: string): string[] {
  const reached = new Set(entries);
  for (const path of reached) {
    const source = readFileSync(path, "utf8");
    for (const { specifier } of findImports(source)) {
      if (specifier.startsWith(".")) reached.add(posix.join(posix.dirname(path), specifier));
    }
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, renameImports(source, published));
  }
  return [...reached];
}

function published(specifier: string): string {
  return specifier.startsWith(".") ? specifier.replace(/\.ts$/, ".js") : specifier;
}
