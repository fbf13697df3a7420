// What the package adds to a process: the time from its start to the first query and to its end,
// minus the same with the driver alone. Uses the built package; median of 20 processes each.
//
//   node bench/tools/import_cost.ts [runs]     builds the package and starts the runtime it runs on
//   bun bench/tools/import_cost.ts [runs]
//   deno run -A bench/tools/import_cost.ts [runs]

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { buildPackage } from "../../scripts/lib/npm/build.ts";
import { describeRuntime } from "./rounds.ts";

const runs = Number(process.argv[2] ?? 20);

const programs = {
  "node:sqlite alone": `import { DatabaseSync } from "node:sqlite";
    const db = new DatabaseSync(":memory:");
    db.prepare("SELECT 1").get();
    db.close();`,
  "SQLiteConnectionPool": `import { DatabaseSync } from "node:sqlite";
    import { SQLiteConnectionPool } from "@sqlitepool/pool";
    const pool = new SQLiteConnectionPool(() => new DatabaseSync(":memory:"));
    await pool.execute("SELECT 1");
    await pool.close();`,
  "openDatabase": `import { openDatabase } from "@sqlitepool/pool";
    const db = await openDatabase(":memory:");
    await db.get("SELECT 1");
    await db.close();`,
} as const;

const directory = mkdtempSync(join(tmpdir(), "sqlitepool-bench-"));
try {
  const built = await buildPackage("tsc", join(directory, "built"));
  mkdirSync(join(directory, "node_modules/@sqlitepool"), { recursive: true });
  symlinkSync(built.directory, join(directory, "node_modules/@sqlitepool/pool"));
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  const paths = Object.entries(programs).map(([name, code], index) => {
    const path = join(directory, `program${index}.js`);
    writeFileSync(path, code);
    return { name, path, times: [] as number[] };
  });

  // Alternating, so that other load on the machine affects all of them alike.
  for (let run = -1; run < runs; run++) {
    for (const { path, times } of paths) {
      const ms = timeProgram(path);
      // The first run warms the caches.
      if (run >= 0) times.push(ms);
    }
  }

  console.log(`${describeRuntime()}, median of ${runs} processes`);
  const [alone] = paths.map(({ times }) => median(times));
  for (const { name, times } of paths) {
    const ms = median(times);
    const more = name === "node:sqlite alone" ? "" : `  +${(ms - alone).toFixed(1)} ms`;
    console.log(`${name.padEnd(22)} ${ms.toFixed(1).padStart(6)} ms${more}`);
  }
} finally {
  rmSync(directory, { recursive: true });
}

function timeProgram(path: string): number {
  const args = process.versions.deno === undefined ? [] : ["run", "--allow-all", "--no-check"];
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...args, path], {
    cwd: directory,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`);
  return performance.now() - started;
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
