// Declarations, a file for each module as the compiler emits them, but only those that an entry
// point reaches: most modules are behind private fields, and of no use to a type checker.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

import { findImports, renameImports } from "../../../tests/helpers/imports.ts";
import { declarationPath } from "./manifest.ts";

export function copyDeclarations(
  entries: readonly string[],
  emitted: string,
  packageDirectory: string,
): void {
  const reached = new Set(entries.map((entry) => posix.normalize(entry)));
  for (const source of reached) {
    const declarations = readFileSync(join(emitted, source.replace(/\.ts$/, ".d.ts")), "utf8");
    for (const { specifier } of findImports(declarations)) {
      if (!specifier.startsWith(".")) continue;
      reached.add(posix.join(posix.dirname(source), specifier).replace(/\.js$/, ".ts"));
    }
    const target = join(packageDirectory, declarationPath(source));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, renameImports(declarations, published));
  }
}

/** The compiler leaves the extensions of sources in declarations, where there are no sources. */
function published(specifier: string): string {
  return specifier.startsWith(".") ? specifier.replace(/\.ts$/, ".js") : specifier;
}
