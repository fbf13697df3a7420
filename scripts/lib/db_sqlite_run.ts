// The conformance run of @db/sqlite, which is not on npm: DB_SQLITE_MODULE names its mod.ts,
// DENO_SQLITE_PATH the SQLite library.

import { existsSync, readFileSync } from "node:fs";
import process from "node:process";

import { run } from "./process.ts";
import { runtimes, runtimeVersion } from "./runtimes.ts";

const deno = runtimes.find(({ kind }) => kind === "deno")!;

/** @param importMap where its own imports from JSR are found. */
export async function runDbSqlite(importMap: string, file: string): Promise<string> {
  const module = process.env.DB_SQLITE_MODULE;
  if (module === undefined) throw new Error("DB_SQLITE_MODULE must name the mod.ts of @db/sqlite");
  const map = `--import-map=${importMap}`;
  const tests = await run(deno.binary, ["test", "--allow-all", "--no-check", map, file]);
  const counts = tests.output.match(
    /(\d+) passed[^|\n]*\| (\d+) failed(?:[^|\n]*\| (\d+) ignored)?/,
  );
  if (counts === null) throw new Error(`@db/sqlite was not tested:\n${tests.output}`);
  const [, passed, failed, ignored = "0"] = counts;
  const ask = `const { SQLITE_VERSION } = await import(${JSON.stringify(module)});` +
    "console.log(SQLITE_VERSION)";
  const { output } = await run(deno.binary, ["eval", map, ask]);
  const date = new Date().toISOString().slice(0, 10);
  return `${date}: @db/sqlite ${versionOf(module)} with SQLite ${output.trim()} on Deno ` +
    `${await runtimeVersion(deno)}: ${passed} passed, ${failed} failed, ${ignored} skipped for ` +
    "declared limits that leave nothing to refuse.";
}

/** The result already on the page, for runs without the driver. */
export function earlierRun(page: string): string {
  const text = existsSync(page) ? readFileSync(page, "utf8") : "";
  return text.match(/<!-- db-sqlite -->\n+([\s\S]*?)\n+<!-- end -->/)?.[1] ?? "Not run yet.";
}

function versionOf(module: string): string {
  return JSON.parse(readFileSync(new URL("deno.json", module), "utf8")).version;
}
