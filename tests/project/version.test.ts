/** npm run bump, on a copy of the manifests, and what a release must be. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { nextVersion, readVersion, releaseDate } from "../../scripts/lib/version.ts";
import { repositoryRoot, runScript, temporaryDirectory } from "../helpers/runtime.ts";

const FILES = ["package.json", "package-lock.json", "deno.json", "jsr.json", "CHANGELOG.md"];
const changelog = `# Changelog

## [Unreleased]

### Added

- Something.

## [0.0.9] - 2026-01-02

- Less.
`;

/** A repository of its own with our manifests, at version 0.1.0 or another one. */
function repository(t: TestContext, version = "0.1.0"): string {
  const directory = temporaryDirectory(t);
  for (const file of FILES) copyFileSync(join(repositoryRoot, file), join(directory, file));
  const current = readVersion(directory);
  for (const file of FILES.slice(0, 4)) {
    const text = readFileSync(join(directory, file), "utf8");
    const ours = `"version": "${current}"`;
    writeFileSync(join(directory, file), text.replaceAll(ours, `"version": "${version}"`));
  }
  writeFileSync(join(directory, "CHANGELOG.md"), changelog);
  const git = (...args: string[]) => execFileSync("git", args, { cwd: directory });
  git("init", "--quiet");
  git("add", "--all");
  const author = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
  git(...author, "commit", "--quiet", "--no-gpg-sign", "--message=Start");
  return directory;
}

const bump = (directory: string, ...args: string[]) =>
  runScript("scripts/bump.ts", args, {}, directory);

const contents = (directory: string) =>
  FILES.map((file) => readFileSync(join(directory, file), "utf8"));

test("bump puts the next version into every manifest and dates the changelog", async (t) => {
  const directory = repository(t);
  const before = contents(directory);
  const { code, stdout, stderr } = await bump(directory, "minor");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^0\.1\.0 -> 0\.2\.0\./);
  assert.equal(readVersion(directory), "0.2.0");
  const after = contents(directory);
  // Nothing else: each file has changed in the lines with its version alone.
  before.slice(0, 4).forEach((text, index) => {
    const [old, now] = [text.split("\n"), after[index].split("\n")];
    const changed = now.filter((line, at) => line !== old[at]);
    assert.equal(old.length, now.length);
    assert.equal(changed.length, FILES[index] === "package-lock.json" ? 2 : 1);
    assert.ok(changed.every((line) => line.includes('"version": "0.2.0"')));
  });
  const today = new Date().toISOString().slice(0, 7);
  assert.match(releaseDate(after[4], "0.2.0") ?? "", new RegExp(`^${today}-\\d\\d$`));
  assert.match(
    after[4],
    /^## \[Unreleased\]\n\n## \[0\.2\.0\] - .*\n\n### Added\n\n- Something\.\n\n## \[0\.0\.9\]/m,
  );
});

test("bump refuses what is no step up, and changes nothing then", async (t) => {
  const directory = repository(t, "1.2.3");
  const before = contents(directory);
  const refusals: [string[], RegExp][] = [
    [[], /Which version/],
    [["1.2.3"], /1\.2\.3 is not higher than 1\.2\.3/],
    [["1.2.2"], /1\.2\.2 is not higher than 1\.2\.3/],
    [["0.9.0"], /0\.9\.0 is not higher than 1\.2\.3/],
    [["next"], /"next" is not a version/],
    [["01.3.0"], /"01\.3\.0" is not a version/],
  ];
  for (const [args, expected] of refusals) {
    const { code, stderr } = await bump(directory, ...args);
    assert.equal(code, 1, args.join());
    assert.match(stderr, expected);
  }
  assert.deepEqual(contents(directory), before);
});

test("bump refuses a tree with changes", async (t) => {
  const directory = repository(t);
  writeFileSync(join(directory, "new.txt"), "");
  const { code, stderr } = await bump(directory, "patch");
  assert.equal(code, 1);
  assert.match(stderr, /Commit or discard these changes first:\n\?\? new\.txt/);
});

test("bump refuses manifests that disagree, and a changelog without news", async (t) => {
  const noNews = repository(t);
  writeFileSync(join(noNews, "CHANGELOG.md"), changelog.replace("### Added\n\n- Something.\n", ""));
  execFileSync("git", ["add", "--all"], { cwd: noNews });
  const author = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
  const commit = ["commit", "--quiet", "--no-gpg-sign", "--message=Next"];
  execFileSync("git", [...author, ...commit], { cwd: noNews });
  const before = contents(noNews);
  const { code, stderr } = await bump(noNews, "patch");
  assert.equal(code, 1);
  assert.match(stderr, /lists no changes/);
  assert.deepEqual(contents(noNews), before);

  writeFileSync(join(noNews, "jsr.json"), JSON.stringify({ version: "9.9.9" }));
  assert.throws(() => readVersion(noNews), /The manifests disagree: 0\.1\.0, 9\.9\.9\./);
});

test("a release has the tag, the day and the repository that it says", async (t) => {
  const directory = repository(t);
  const released = (tag: string, name: string) =>
    runScript("scripts/released.ts", [tag, name], {}, directory);
  const { code, stderr } = await released("v0.2.0", "someone/pool");
  assert.equal(code, 1);
  assert.match(stderr, /The tag is v0\.2\.0, but the version is 0\.1\.0/);
  assert.match(stderr, /has no "## \[0\.1\.0\] - <date>"/);
  assert.match(stderr, /repository\.url of package\.json is ".*", but this is someone\/pool/);

  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  manifest.repository = { type: "git", url: "git+https://github.com/someone/pool.git" };
  writeFileSync(join(directory, "package.json"), JSON.stringify(manifest));
  const dated = changelog.replace("[Unreleased]", "[0.1.0] - 2026-03-04");
  writeFileSync(join(directory, "CHANGELOG.md"), dated);
  const good = await released("v0.1.0", "someone/pool");
  assert.deepEqual([good.code, good.stdout.trim()], [0, "0.1.0 of 2026-03-04"], good.stderr);
});

test("versions go up as Semantic Versioning has them", () => {
  assert.equal(nextVersion("1.2.3", "patch"), "1.2.4");
  assert.equal(nextVersion("1.2.3", "minor"), "1.3.0");
  assert.equal(nextVersion("1.2.3", "major"), "2.0.0");
  assert.equal(nextVersion("1.9.9", "1.10.0"), "1.10.0");
});
