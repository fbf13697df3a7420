// node scripts/run.mjs released v0.2.0: fails unless this is the release that the tag names.

import { readFileSync } from "node:fs";
import process from "node:process";

import { readVersion, releaseDate } from "./lib/version.ts";

const [tag] = process.argv.slice(2);
const version = readVersion(".");
const date = releaseDate(readFileSync("CHANGELOG.md", "utf8"), version);
if (tag !== `v${version}`) {
  console.error(`The tag is ${tag}, but the version is ${version}.`);
  process.exitCode = 1;
} else if (!/^\d{4}-\d{2}-\d{2}$/.test(date ?? "")) {
  console.error(`CHANGELOG.md has no "## [${version}] - <date>": npm run bump writes it.`);
  process.exitCode = 1;
} else {
  console.log(`${version} of ${date}`);
}
