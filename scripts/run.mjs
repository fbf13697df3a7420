// Runs scripts/<name>.ts on the pinned Node, whichever Node started us.
// Plain JavaScript with built-ins only: it must work before anything is installed.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const [name, ...args] = process.argv.slice(2);
const script = `scripts/${name}.ts`;
if (name === undefined || !existsSync(script)) fail(`There is no ${script} to run.`);

const runtimes = JSON.parse(readFileSync("scripts/runtimes.json", "utf8"));
const stamp = "node_modules/.installed";
if (!isInstalled()) install();

const node = runtimes.find((runtime) => runtime.name === "node26").binary;
const child = spawn(node, [script, ...args], { stdio: "inherit" });
// Ctrl-C also reaches the child: wait for it to clean up.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => process.exit(code ?? 1));

function isInstalled() {
  return existsSync(stamp) &&
    readFileSync(stamp, "utf8") === manifestHash() &&
    // Windows finds the .exe by itself when it is run.
    runtimes.every(({ binary }) => existsSync(binary) || existsSync(`${binary}.exe`));
}

function install() {
  console.log("Installing the pinned runtimes and tools (npm ci) ...");
  // An older Node only starts npm here, so its engine warnings are of no use.
  const npm = spawnSync("npm", ["ci", "--loglevel=error"], {
    stdio: ["ignore", "inherit", "inherit"],
    // On Windows npm is a shell script.
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) fail(`npm ci failed (${npm.error?.message ?? `exit code ${npm.status}`}).`);
  for (const { binary } of runtimes) {
    // Binaries are fetched by install scripts, which npm may have skipped.
    if (spawnSync(binary, ["--version"]).status !== 0) fail(`npm ci left no working ${binary}.`);
  }
  writeFileSync(stamp, manifestHash());
}

function manifestHash() {
  const hash = createHash("sha256");
  for (const file of ["package.json", "package-lock.json"]) hash.update(readFileSync(file));
  return hash.digest("hex");
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
