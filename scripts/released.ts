// node scripts/run.mjs released v0.2.0 owner/name: fails unless this is the release that the tag
// names and the repository that the manifest names, which npm compares with the provenance.

import { readFileSync } from "node:fs";
import process from "node:process";

import { readVersion, releaseDate } from "./lib/version.ts";

const [tag, repository] = process.argv.slice(2);
const version = readVersion(".");
const date = releaseDate(readFileSync("CHANGELOG.md", "utf8"), version);
const url: string = JSON.parse(readFileSync("package.json", "utf8")).repository?.url ?? "";
const problems: string[] = [];
if (tag !== `v${version}`) problems.push(`The tag is ${tag}, but the version is ${version}.`);
if (!/^\d{4}-\d{2}-\d{2}$/.test(date ?? "")) {
  problems.push(`CHANGELOG.md has no "## [${version}] - <date>": npm run bump writes it.`);
}
if (!url.endsWith(`/${repository}.git`)) {
  problems.push(`repository.url of package.json is "${url}", but this is ${repository}.`);
}
problems.forEach((problem) => console.error(problem));
if (problems.length === 0) console.log(`${version} of ${date}`);
else process.exitCode = 1;
