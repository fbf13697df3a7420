// npm run bump: sets the next version in package.json, package-lock.json, deno.json, jsr.json and
// CHANGELOG.md. Review and commit the changes yourself.
//
//   npm run bump -- minor     or major, or patch
//   npm run bump -- 0.2.0

import { execFileSync } from "node:child_process";
import process from "node:process";

import { nextVersion, readVersion, writeVersion } from "./lib/version.ts";

const [wanted, ...rest] = process.argv.slice(2);
try {
  if (wanted === undefined || rest.length > 0) {
    throw new Error("Which version? npm run bump -- 0.2.0, or major, minor or patch.");
  }
  const changes = execFileSync("git", ["status", "--porcelain"], { encoding: "utf8" });
  if (changes !== "") throw new Error(`Commit or discard these changes first:\n${changes}`);
  const current = readVersion(".");
  const version = nextVersion(current, wanted);
  writeVersion(".", version, new Date().toISOString().slice(0, 10));
  console.log(`${current} -> ${version}. Look at git diff, commit, and tag it v${version}.`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
