/** The package as it is published, built once for each test file. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { buildPackage, type BuiltPackage } from "../../../scripts/lib/npm/build.ts";

let built: Promise<BuiltPackage> | undefined;

export function builtPackage(): Promise<BuiltPackage> {
  return built ??= buildPackage("tsc", processDirectory());
}

/** A directory that is removed when the process ends. */
export function processDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "sqlitepool-packaging-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
