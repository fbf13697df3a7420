/** README.md and docs/ name all there is, and nothing else. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

import * as api from "@sqlitepool/pool";

import { documents } from "../helpers/markdown.ts";
import { repositoryRoot } from "../helpers/runtime.ts";

const read = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

/** The names in the first column of the first table below a heading. */
function namesInTable(path: string, heading: string): string[] {
  const [, rest] = read(path).split(new RegExp(`^#+ ${heading}$`, "m"));
  assert.ok(rest !== undefined, `${path} has no section ${heading}`);
  const [table] = rest.match(/^\|[^]*?\n(?!\|)/m) ?? [];
  assert.ok(table !== undefined, `${path} has no table below ${heading}`);
  const cells = [...table.matchAll(/^\| ([^|]*`.*?)\|/gm)].map(([, cell]) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`(?:new )?(\w+)[^`]*`/g)])
    .map(([, name]) => name).sort();
}

function optionNames(message: string): string[] {
  return message.match(/options are (.*)\./)![1].split(", ");
}

const misspelt = { noSuchOption: 1 } as api.PoolOptions;

function poolOptionNames(): string[] {
  try {
    new api.SQLiteConnectionPool(() => ({}), misspelt);
  } catch (error) {
    return optionNames((error as Error).message);
  }
  return [];
}

test("every option and hook of a pool is in the tables", () => {
  const known = poolOptionNames();
  assert.ok(known.length > 10);
  const named = [
    ...namesInTable("docs/pool.md", "Options"),
    ...namesInTable("docs/pool.md", "Hooks"),
  ];
  assert.deepEqual(named.sort(), known.sort());
});

test("every option of a database is in the table", async () => {
  const ofPools = new Set(poolOptionNames());
  const error = await api.openDatabase(":memory:", misspelt).catch((error: Error) => error);
  const own = optionNames((error as Error).message).filter((name) => !ofPools.has(name));
  assert.ok(own.length > 5);
  assert.deepEqual(namesInTable("docs/database.md", "Options"), own.sort());
});

test("every option of a database on servers is in the table", async () => {
  const error = await api.openDatabase("http://localhost", misspelt as api.RemoteOptions)
    .catch((error: Error) => error);
  const known = optionNames((error as Error).message);
  assert.ok(known.length > 5);
  assert.deepEqual(namesInTable("docs/servers.md", "Options"), known.sort());
});

test("every field of the stats is in the table", async () => {
  const pool = new api.SQLiteConnectionPool(() => ({}));
  assert.deepEqual(namesInTable("docs/pool.md", "Stats"), Object.keys(pool.stats).sort());
  await pool.close();
});

test("every public member of pools, leases and databases is in the tables", () => {
  const members = (name: string): string[] => {
    const [, rest] = read("docs/api.txt").split(
      new RegExp(`^(?:class|interface) ${name}<.*$`, "m"),
    );
    assert.ok(rest !== undefined, `docs/api.txt has no ${name}`);
    const [lines] = rest.split(/\n(?! )/);
    const names = [...lines.matchAll(/^ {2}(?:get |readonly )?(\w+)/gm)].map(([, member]) =>
      member
    );
    return [...new Set(names)].filter((member) => member !== "constructor").sort();
  };
  const database = namesInTable("docs/database.md", "Database");
  assert.deepEqual(database, members("Database"));
  const pool = namesInTable("docs/pool.md", "The pool");
  assert.deepEqual(pool, [...members("SQLiteConnectionPool"), "SQLiteConnectionPool"].sort());
  const lease = namesInTable("docs/pool.md", "Leases");
  assert.deepEqual(lease, [...members("Connection"), ...members("PooledConnection")].sort());
});

test("every error is named", () => {
  const errors = Object.keys(api).filter((name) => name.endsWith("Error"));
  assert.ok(errors.length > 8);
  const text = read("docs/errors.md");
  assert.deepEqual(errors.filter((name) => !text.includes(`\`${name}`)), []);
});

/** As GitHub makes them. */
function anchorsOf(path: string): Set<string> {
  const prose = read(path).replaceAll(/^```[^]*?^```/gm, "");
  return new Set(
    [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-")
    ),
  );
}

/** The links of a page that lead nowhere. */
function brokenLinks(path: string): string[] {
  const links = [...read(path).matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [file, anchor] = link.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(repositoryRoot, target))) return true;
    return anchor !== undefined && !anchorsOf(target).has(anchor);
  }).map((link) => `${path}: ${link}`);
}

test("links lead somewhere, anchors included", () => {
  assert.deepEqual(documents(repositoryRoot).flatMap(brokenLinks), []);
});

test("README.md is read in three minutes", () => {
  const { length } = read("README.md").split("\n");
  assert.ok(length <= 220, `README.md has ${length} lines`);
});

test("the index names every page", () => {
  const index = read("docs/README.md");
  const pages = readdirSync(join(repositoryRoot, "docs")).filter((name) => name !== "README.md");
  assert.deepEqual(pages.filter((page) => !index.includes(`](${page})`)), []);
});
