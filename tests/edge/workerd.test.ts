/**
 * mod.ts on workerd, the runtime of Cloudflare Workers, as the modules it is made of: it loads,
 * knows where it is, and pools connections.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { findImports } from "../helpers/imports.ts";
import { onNewestNode, repositoryRoot, temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

/** What `workerd test` runs; it fails when the handler throws. */
const worker = `
import { detectRuntime, openDatabase, sql, SQLiteConnectionPool } from "./mod.ts";

function expect(actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error("expected " + JSON.stringify(expected) + ", got " + JSON.stringify(actual));
  }
}

function connect() {
  return {
    execute: async (text, params = []) => ({
      columns: ["text"], rows: [{ text, params }], rowsAffected: 0, lastInsertRowid: undefined,
    }),
    rollback: async () => {},
    close: async () => {},
  };
}

export default {
  async test() {
    expect(detectRuntime(), "workerd");
    const pool = new SQLiteConnectionPool(connect, { poolSize: 2, trackLeases: true });
    const rows = await Promise.all([1, 2, 3, 4].map((id) => pool.get(sql\`SELECT \${id}\`)));
    expect(rows.map(({ params }) => params), [[1], [2], [3], [4]]);
    await pool.transaction((tx) => tx.run("SELECT 1"));
    const lease = await pool.connection({ timeoutMs: 1_000 });
    await lease.release();
    expect(pool.stats.inUse, 0);
    await pool.close();
    const refusal = await openDatabase("app.db").catch(String);
    expect(refusal.split(". ")[0], "TypeError: This runtime (workerd) has no SQLite for files or memory");
  },
};
`;

/** The files of mod.ts, by path, as JavaScript. */
function modules(): Map<string, string> {
  const files = new Map<string, string>();
  const pending = ["mod.ts"];
  for (const path of pending) {
    if (files.has(path)) continue;
    const source = readFileSync(join(repositoryRoot, path), "utf8");
    files.set(path, nodeModule.stripTypeScriptTypes(source));
    const inside = findImports(source).filter(({ specifier }) => specifier.startsWith("."));
    pending.push(...inside.map(({ specifier }) => posix.join(posix.dirname(path), specifier)));
  }
  return files;
}

function configuration(paths: readonly string[]): string {
  const list = paths.map((path) => `(name = "${path}", esModule = embed "${path}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (
  modules = [${list.join(",\n")}], compatibilityDate = "2026-11-01"
))]);`;
}

// Nothing of it depends on the runtime that starts workerd.
const name = "mod.ts works on workerd";
const skip = skipFor(name, onNewestNode ? undefined : "workerd is started from Node 26");

test(name, skip, async (t) => {
  const directory = temporaryDirectory(t);
  const files = new Map([["worker.js", worker], ...modules()]);
  for (const [path, source] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), source);
  }
  writeFileSync(join(directory, "config.capnp"), configuration([...files.keys()]));
  const { default: workerd } = createRequire(import.meta.url)("workerd") as { default: string };
  const args = ["test", join(directory, "config.capnp")];
  const { stderr } = await promisify(execFile)(workerd, args, { timeout: 60_000 });
  assert.match(stderr, /\[ PASS \]/);
});
