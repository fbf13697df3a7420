// Reads and raises the version, which is the same in all manifests.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MANIFESTS: readonly string[] = ["package.json", "deno.json", "jsr.json"];
const LOCK_FILE = "package-lock.json";
const CHANGELOG = "CHANGELOG.md";

/** The version at the top; the lock file has it in two places. */
const VERSION_LINE = /^( {2}| {6})"version": "([^"]*)"/m;

type Numbers = readonly [number, number, number];

/** The version that all manifests agree on. */
export function readVersion(directory: string): string {
  const versions = MANIFESTS.map((file) => JSON.parse(read(directory, file)).version as string);
  const lock = JSON.parse(read(directory, LOCK_FILE));
  const found = new Set([...versions, lock.version, lock.packages[""].version]);
  if (found.size > 1) throw new Error(`The manifests disagree: ${[...found].join(", ")}.`);
  return versions[0];
}

/**
 * The version after `current`.
 *
 * @param wanted "major", "minor", "patch", or a version of its own such as "0.2.0".
 */
export function nextVersion(current: string, wanted: string): string {
  const [major, minor, patch] = parseVersion(current);
  switch (wanted) {
    case "major":
      return `${major + 1}.0.0`;
    case "minor":
      return `${major}.${minor + 1}.0`;
    case "patch":
      return `${major}.${minor}.${patch + 1}`;
  }
  if (compareVersions(parseVersion(wanted), [major, minor, patch]) <= 0) {
    throw new Error(`${wanted} is not higher than ${current}.`);
  }
  return wanted;
}

/** Puts a version into every manifest, and a section for it into the changelog. */
export function writeVersion(directory: string, version: string, date: string): void {
  // Computed before anything is written, so that a problem leaves all files unchanged.
  const changelog = releaseChangelog(read(directory, CHANGELOG), version, date);
  for (const file of [...MANIFESTS, LOCK_FILE]) {
    const text = read(directory, file);
    writeFileSync(join(directory, file), replaceVersion(text, file, version));
  }
  writeFileSync(join(directory, CHANGELOG), changelog);
}

/** The release date in the changelog; undefined if there is no section for the version. */
export function releaseDate(changelog: string, version: string): string | undefined {
  const heading = changelog.split(/\r?\n/).find((line) => line.startsWith(`## [${version}]`));
  return heading?.split(" - ")[1];
}

function releaseChangelog(changelog: string, version: string, date: string): string {
  if (releaseDate(changelog, version) !== undefined) {
    throw new Error(`${CHANGELOG} has a section for ${version} already.`);
  }
  const [head, notes, ...rest] = changelog.split(/^## \[Unreleased\]\n/m);
  if (notes === undefined || rest.length > 0) {
    throw new Error(`${CHANGELOG} needs one section "## [Unreleased]" that lists the changes.`);
  }
  const unreleased = notes.split(/^## /m)[0];
  if (unreleased.trim() === "") throw new Error(`${CHANGELOG} lists no changes.`);
  return `${head}## [Unreleased]\n\n## [${version}] - ${date}\n${notes}`;
}

function replaceVersion(text: string, file: string, version: string): string {
  const times = file === LOCK_FILE ? 2 : 1;
  let replaced = text;
  for (let time = 0; time < times; time++) {
    // In the lock file the second occurrence follows the first.
    const from = time === 0 ? 0 : replaced.indexOf('"packages"');
    const rest = replaced.slice(from);
    if (!VERSION_LINE.test(rest)) throw new Error(`${file} has no version to replace.`);
    replaced = replaced.slice(0, from) + rest.replace(VERSION_LINE, `$1"version": "${version}"`);
  }
  return replaced;
}

function parseVersion(version: string): Numbers {
  const [, major, minor, patch] = version.match(/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/) ?? [];
  if (patch === undefined) {
    throw new Error(`"${version}" is not a version: write 0.2.0, or major, minor or patch.`);
  }
  return [Number(major), Number(minor), Number(patch)];
}

function compareVersions(left: Numbers, right: Numbers): number {
  const index = left.findIndex((part, at) => part !== right[at]);
  return index < 0 ? 0 : left[index] - right[index];
}

function read(directory: string, file: string): string {
  return readFileSync(join(directory, file), "utf8").replaceAll("\r\n", "\n");
}
