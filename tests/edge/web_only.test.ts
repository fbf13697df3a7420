/**
 * What is not tied to a runtime works where there is nothing but web APIs, as on Vercel Edge: a
 * realm with the language, fetch, timers that are numbers, and no `process`, `Buffer` or `require`.
 */

import assert from "node:assert/strict";
import { build } from "esbuild";
import { after, test } from "node:test";
import { createContext, runInContext } from "node:vm";

import { readManifest } from "../../scripts/lib/npm/build.ts";
import { repositoryRoot } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { noServers, Sqld } from "../remote/helpers/sqld.ts";

/** Taken from this realm. What the language itself has, a realm has of its own. */
const WEB_GLOBALS: readonly string[] = [
  ...["AbortController", "AbortSignal", "DOMException", "Event", "EventTarget", "Headers"],
  ...["Request", "Response", "TextDecoder", "TextEncoder", "URL", "URLSearchParams", "atob"],
  ...["btoa", "clearTimeout", "console", "crypto", "fetch", "performance", "queueMicrotask"],
  ...["structuredClone"],
];

/** Runs the body of an async function that has an entry point of the package as `it`. */
async function runOnWebOnly(entry: string, body: string, url: string = ""): Promise<unknown> {
  const { outputFiles: [{ text }] } = await build({
    entryPoints: [entry],
    absWorkingDir: repositoryRoot,
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    globalName: "it",
    platform: "neutral",
  });
  const here = globalThis as unknown as Record<string, unknown>;
  const timers = new Map<number, unknown>();
  let count = 0;
  const realm = createContext({
    ...Object.fromEntries(WEB_GLOBALS.map((name) => [name, here[name]])),
    setTimeout(callback: () => void, delayMs: number) {
      timers.set(++count, setTimeout(callback, delayMs));
      return count;
    },
    clearTimeout: (id: number) => clearTimeout(timers.get(id) as number),
    url,
  });
  const missing = ["process", "Buffer", "require", "global", "setImmediate", "Deno", "Bun"];
  for (const name of missing) assert.equal(runInContext(`typeof ${name}`, realm), "undefined");
  // Its value comes as text: objects of another realm have other prototypes.
  const json = await runInContext(
    `${text}; (async () => JSON.stringify(await (async () => { ${body} })()))()`,
    realm,
  ) as string;
  return JSON.parse(json);
}

let server: Sqld | undefined;
after(() => server?.remove());

async function startServer(): Promise<string> {
  server ??= await Sqld.start();
  await server.clear();
  return server.url;
}

/** Every kind of call, and values that need care. */
const CALLS = `
  await db.executeScript("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
  await Promise.all([1, 2, 3].map((n) => db.run("INSERT INTO t (v) VALUES (?)", [n])));
  await db.batch([{ sql: "INSERT INTO t (v) VALUES (?)", params: [new Uint8Array([1, 2])] }]);
  await db.write((tx) => tx.run("INSERT INTO t (v) VALUES (?)", [2n ** 40n]));
  const failure = await db.run("INSERT INTO t (id) VALUES (1)").catch(({ name, code }) => [name, code]);
  const types = await db.values("SELECT typeof(v), count(*) FROM t GROUP BY 1 ORDER BY 1");
  const blob = await db.value("SELECT v FROM t WHERE typeof(v) = 'blob'");
  const late = await db.get("SELECT 1", [], { signal: AbortSignal.abort("gone") }).catch(String);
  const sum = await db.read(async (snapshot) => (await snapshot.values("SELECT sum(id) FROM t"))[0]);
  await db.close();
  return { failure, types, blob: blob instanceof Uint8Array && [...blob], late, sum };
`;
const EXPECTED = {
  failure: ["SQLiteError", "SQLITE_CONSTRAINT"],
  types: [["blob", 1], ["integer", 4]],
  blob: [1, 2],
  late: "gone",
  sum: [15],
};

const calls: Readonly<Record<string, [entry: string, open: string]>> = {
  "./remote calls a server where there are only web APIs": [
    "src/remote/remote.ts",
    "const db = await it.openRemote(url);",
  ],
  "the main entry point calls a server where there are only web APIs": [
    "mod.ts",
    "const db = await it.openDatabase(url);",
  ],
};

for (const [name, [entry, open]] of Object.entries(calls)) {
  test(name, skipFor(name, noServers), async () => {
    assert.deepEqual(await runOnWebOnly(entry, open + CALLS, await startServer()), EXPECTED);
  });
}

test("the main entry point pools connections where there are only web APIs", async () => {
  const body = `
    const pool = new it.SQLiteConnectionPool(() => ({
      execute: async (text, params) => ({
        columns: ["text"], rows: [{ text, params }], rowsAffected: 0, lastInsertRowid: undefined,
      }),
      rollback: async () => {},
      close: async () => {},
    }), { poolSize: 2, trackLeases: true });
    const rows = await Promise.all([1, 2, 3].map((id) => pool.get(it.sql\`SELECT \${id}\`)));
    await pool.transaction((tx) => tx.run("SELECT 1"));
    const file = await it.openDatabase("app.db").catch(String);
    await pool.close();
    return { runtime: it.detectRuntime(), rows, file };
  `;
  assert.deepEqual(await runOnWebOnly("mod.ts", body), {
    runtime: "other",
    rows: [1, 2, 3].map((id) => ({ text: "SELECT ?", params: [id] })),
    file:
      "TypeError: This runtime has no SQLite of its own. Use the URL of a libSQL server, pass " +
      "another driver to openDatabase, or pool connections of your own with SQLiteConnectionPool.",
  });
});

const edge = Object.entries(readManifest().exports).filter(([, path]) => /src\/edge\//.test(path));

for (const [subpath, entry] of edge) {
  test(`${subpath} loads where there are only web APIs`, async () => {
    const openers = "return Object.keys(it).filter((name) => name.startsWith('open'));";
    assert.equal((await runOnWebOnly(entry, openers) as unknown[]).length, 1);
  });
}
