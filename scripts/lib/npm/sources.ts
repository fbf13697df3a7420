// The sources of the package. They are included in it for source maps and for readers.

import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

import { findImports } from "../../../tests/helpers/imports.ts";

/** The paths of all modules that entry points reach, from the root of the repository. */
export function reachedSources(entries: readonly string[]): string[] {
  const reached = new Set(entries);
  for (const path of reached) {
    for (const { specifier } of findImports(readFileSync(path, "utf8"))) {
      if (specifier.startsWith(".")) reached.add(posix.join(posix.dirname(path), specifier));
    }
  }
  return [...reached];
}

/** Copies sources to where they are in the repository. */
export function copySources(entries: readonly string[], packageDirectory: string): void {
  for (const path of reachedSources(entries)) {
    const target = join(packageDirectory, path);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(path, target);
  }
}
