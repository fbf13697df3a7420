/** README.md names all there is, and nothing else. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import * as api from "@sqlitepool/pool";

import { repositoryRoot } from "../helpers/runtime.ts";

const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");

/** The names in the first column of the tables of a section. */
function namesInTable(heading: string): string[] {
  const [, rest] = readme.split(`\n### ${heading}\n`);
  assert.ok(rest !== undefined, `there is no section ${heading}`);
  const [section] = rest.split(/\n##+ /);
  const cells = [...section.matchAll(/^\| (`.*?)\|/gm)].map(([, cell]) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)[^`]*`/g)].map(([, name]) => name))
    .sort();
}

test("every option and hook is in the tables", async () => {
  const misspelt = { noSuchOption: 1 } as api.PoolOptions;
  let known: string[] = [];
  try {
    new api.SQLiteConnectionPool(() => ({}), misspelt);
  } catch (error) {
    known = (error as Error).message.match(/options are (.*)\./)![1].split(", ");
  }
  assert.ok(known.length > 10);
  const named = [...namesInTable("Options"), ...namesInTable("Hooks")];
  assert.deepEqual(named.sort(), known.sort());
});

test("every field of the stats is in the table", async () => {
  const pool = new api.SQLiteConnectionPool(() => ({}));
  assert.deepEqual(namesInTable("Stats"), Object.keys(pool.stats).sort());
  await pool.close();
});

test("every error is named", () => {
  const errors = Object.keys(api).filter((name) => name.endsWith("Error"));
  assert.ok(errors.length > 8);
  assert.deepEqual(errors.filter((name) => !readme.includes(`\`${name}\``)), []);
});

test("links lead somewhere", () => {
  const anchors = new Set(
    [...readme.matchAll(/^##+ (.*)$/gm)].map(([, heading]) =>
      `#${heading.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-")}`
    ),
  );
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
  const broken = links.filter((target) =>
    target.startsWith("#")
      ? !anchors.has(target)
      : !target.startsWith("https://") && !existsSync(join(repositoryRoot, target))
  );
  assert.deepEqual(broken, []);
});
