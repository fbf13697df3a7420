// Declarations, a file for each module as the compiler emits them, but only those that an entry
// point reaches: most modules are behind private fields, and of no use to a type checker.

import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

import { findImports } from "../../../tests/helpers/imports.ts";
import { declarationPath } from "./manifest.ts";

export function copyDeclarations(
  entries: readonly string[],
  emitted: string,
  packageDirectory: string,
): void {
  const reached = new Set(entries);
  for (const source of reached) {
    const declarations = join(emitted, source.replace(/\.ts$/, ".d.ts"));
    for (const { specifier } of findImports(readFileSync(declarations, "utf8"))) {
      if (!specifier.startsWith(".")) continue;
      reached.add(posix.join(posix.dirname(source), specifier).replace(/\.js$/, ".ts"));
    }
    const target = join(packageDirectory, declarationPath(source));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(declarations, target);
  }
}
