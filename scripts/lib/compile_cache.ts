// A compile cache shared by all Node processes of a run. Without it each process and thread strips
// the types of the same sources again, which takes half the time of tests that start many.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** The value of `NODE_COMPILE_CACHE` for child processes. */
export const compileCache: string = process.env.NODE_COMPILE_CACHE ?? temporaryCache();

function temporaryCache(): string {
  const directory = mkdtempSync(join(tmpdir(), "sqlitepool-compiled-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}
