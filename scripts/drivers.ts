// npm run drivers: runs the conformance suite on every runtime and writes docs/drivers.md.
//
//   npm run drivers                                     all but @db/sqlite
//   npm run drivers -- --db-sqlite <import map>         and that: see lib/db_sqlite_run.ts

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { mapLimited } from "./lib/concurrency.ts";
import { earlierRun, runDbSqlite } from "./lib/db_sqlite_run.ts";
import {
  type DriverRow,
  type Facts,
  limitSections,
  matrixTable,
  type RuntimeFacts,
  skippedList,
} from "./lib/driver_matrix.ts";
import { runFiles } from "./lib/matrix.ts";
import { run } from "./lib/process.ts";
import { type Runtime, runtimes } from "./lib/runtimes.ts";

const PAGE = "docs/drivers.md";

const { values: options } = parseArgs({ options: { "db-sqlite": { type: "string" } } });

const rows: readonly DriverRow[] = [
  row("node-sqlite", "built in"),
  row("bun-sqlite", "built in"),
  row("better-sqlite3", packaged("better-sqlite3")),
  row("libsql-sync", packaged("libsql")),
  row("libsql", packaged("@libsql/client")),
  row("sqlite3", packaged("sqlite3")),
  row("turso", packaged("@tursodatabase/database")),
];
/** The same, with its connections in threads. */
const threadRows: readonly DriverRow[] = [
  "node-sqlite",
  "bun-sqlite",
  "better-sqlite3",
  "libsql-sync",
]
  .map((name) => row(`${name}-worker`, "in threads"));
const dbSqlite: DriverRow = row("db-sqlite", "JSR");

function row(name: string, origin: string): DriverRow {
  return { name, origin, file: `tests/conformance/${name.replaceAll("-", "_")}.test.ts` };
}

function packaged(name: string): string {
  const manifest = readFileSync(join("node_modules", name, "package.json"), "utf8");
  return `npm:${name}@${JSON.parse(manifest).version}`;
}

async function factsOf({ name, kind, binary }: Runtime): Promise<[string, RuntimeFacts]> {
  const args = kind === "deno" ? ["run", "--allow-all", "--no-check"] : [];
  const { output, problem } = await run(binary, [...args, "scripts/lib/driver_facts.ts"]);
  if (problem !== undefined) throw new Error(`${name} told nothing: ${problem}\n${output}`);
  return [name, JSON.parse(output.slice(output.indexOf("{")).split("\n")[0])];
}

const tested = [...rows, ...threadRows];
const files = tested.map(({ file }) => file);
const reports = await mapLimited(2, runtimes, (runtime) => runFiles(runtime, files, () => {}));
const facts: Facts = new Map(await mapLimited(2, runtimes, factsOf));
const importMap = options["db-sqlite"];
const dbSqliteRun = importMap === undefined
  ? earlierRun(PAGE)
  : await runDbSqlite(importMap, dbSqlite.file);

writeFileSync(
  PAGE,
  `# Drivers

Written by \`npm run drivers\` on ${new Date().toISOString().slice(0, 10)} from the results of
\`tests/conformance\`, one suite for every driver on every runtime. Do not edit it by hand.

## Cases by driver and runtime

${matrixTable(tested, reports)}

A case that runs into a declared limit passes when the adapter refuses it with a clear error. It is
skipped where there is nothing to refuse, and where the runtime cannot load the driver.

## What is skipped, and why

${skippedList(tested, facts)}

## @db/sqlite

It lives on JSR, which the tests do not need to reach, so it has a run of its own.

<!-- db-sqlite -->

${dbSqliteRun}

<!-- end -->

## Declared limits

${limitSections([...rows, dbSqlite], facts)}
`,
);
const { binary } = runtimes.find(({ kind }) => kind === "deno")!;
await run(binary, ["fmt", PAGE]);
console.log(matrixTable(tested, reports));
console.log(dbSqliteRun);

const failures = reports.flatMap(({ runtime, files }) =>
  files.filter(({ results, problem }) =>
    problem !== undefined || results.some(({ status }) => status === "failed")
  ).map(({ file, problem }) => `FAILED ${runtime} ${file}: ${problem ?? "see npm test"}`)
);
failures.forEach((failure) => console.error(failure));
process.exitCode = failures.length === 0 ? 0 : 1;
