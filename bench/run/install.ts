/** Installs the contenders in bench/node_modules, apart from the project's own packages. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const FOLDER = "bench";
const STAMP = join(FOLDER, "node_modules", ".installed");

/** Does nothing if they are there. What cannot be installed is absent in the tables. */
export function installContenders(): void {
  const hash = createHash("sha256");
  for (const file of ["package.json", "package-lock.json"]) {
    hash.update(readFileSync(join(FOLDER, file)));
  }
  const wanted = hash.digest("hex");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  console.log("Installing the contenders (npm ci in bench/) ...");
  // Their binaries are part of the packages, so no script has to fetch or build one.
  const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--loglevel=error"], {
    cwd: FOLDER,
    stdio: ["ignore", "inherit", "inherit"],
    // On Windows npm is a shell script.
    shell: process.platform === "win32",
  });
  if (npm.status === 0) writeFileSync(STAMP, wanted);
  else console.error("npm ci failed: what is not installed is left out.");
}
