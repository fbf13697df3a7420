/**
 * The example of Next.js with the real package: built and started as in production, and in
 * development, where modules are evaluated again. `npm run projects` installs it and runs this.
 */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { openDatabase } from "@sqlitepool/pool";

const application = fileURLToPath(new URL("nextjs", import.meta.url));
/** Ends a test whose server never gets there. */
const PATIENCE_MS = 240_000;
const next = fileURLToPath(import.meta.resolve("next/dist/bin/next"));
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };

before(() => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [next, "build"], {
    cwd: application,
    env,
    encoding: "utf8",
  });
  assert.equal(status, 0, `next build: ${stdout}${stderr}`);
});

/** Starts `next start` or `next dev` over a new file, in which Alice has 30 and Bob nothing. */
async function start(t, command) {
  const directory = mkdtempSync(join(tmpdir(), "nextjs-"));
  const path = join(directory, "bank.db");
  const db = await openDatabase(path);
  t.after(async () => {
    await db.close();
    rmSync(directory, { recursive: true });
  });
  await db.executeScript(`
    CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT;
    INSERT INTO accounts VALUES ('Alice', 30), ('Bob', 0);
  `);
  const child = spawn(process.execPath, [next, command, "--port", "0"], {
    cwd: application,
    env: { ...env, DATABASE_PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
    // What it starts ends with it.
    detached: true,
  });
  t.after(() => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  });
  let output = "";
  const listening = Promise.withResolvers();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => {
      output += chunk;
      const [, url] = /Local:\s+(http:\S+)/.exec(output) ?? [];
      if (url !== undefined) listening.resolve(url);
    });
  }
  child.once("exit", () => listening.reject(new Error(`next ${command} ended: ${output}`)));
  const url = await listening.promise;
  const get = async (route) => {
    const response = await fetch(url + route);
    const text = await response.text();
    assert.equal(response.status, 200, `${route}: ${text}${output}`);
    return JSON.parse(text);
  };
  const pay = async (amount) => {
    const body = JSON.stringify({ from: "Alice", to: "Bob", amount });
    const response = await fetch(`${url}/transfers`, { method: "POST", body });
    await response.text();
    return response.status;
  };
  return { child, db, get, pay, url };
}

test("next start: a transfer is committed, and one that throws leaves nothing", {
  timeout: PATIENCE_MS,
}, async (t) => {
  const { get, pay } = await start(t, "start");
  assert.deepEqual([await pay(10), await pay(1000)], [201, 409]);
  const statuses = await Promise.all(Array.from({ length: 100 }, () => pay(1)));
  assert.deepEqual(statuses.toSorted(), [...Array(20).fill(201), ...Array(80).fill(409)]);
  assert.deepEqual(await get("/accounts"), [
    { name: "Alice", balance: 0 },
    { name: "Bob", balance: 30 },
  ]);
  assert.equal((await get("/opened")).databases, 1);
});

test("next start: what is in progress is answered before the process ends", {
  timeout: PATIENCE_MS,
}, async (t) => {
  const { child, db, get, pay, url } = await start(t, "start");
  await get("/accounts");
  let payment;
  let exited;
  await db.write(async () => {
    // Waits for this write to end.
    payment = pay(10);
    while ((await get("/opened")).writing !== 1);
    exited = once(child, "exit");
    process.kill(child.pid, "SIGTERM");
    // Until nobody listens; a connection that stays open would be served on.
    const headers = { connection: "close" };
    while (await fetch(url, { headers }).then((response) => response.text(), () => "") !== "");
  });
  assert.equal(await payment, 201);
  const [code, signal] = await exited;
  assert.ok(code === 0 || code === 143 || signal === "SIGTERM", `${code} ${signal}`);
  assert.equal(await db.value("SELECT balance FROM accounts WHERE name = 'Bob'"), 10);
});

test(
  "next dev: a module that was edited has the same database",
  { timeout: PATIENCE_MS },
  async (t) => {
    const { get, pay } = await start(t, "dev");
    assert.deepEqual(await get("/opened"), { databases: 1, version: 0, writing: 0 });
    assert.equal(await pay(1), 201);
    for (const version of [1, 2, 3]) {
      const line = version === 1 ? "\nexport let version = 1;\n" : `version = ${version};\n`;
      appendFileSync(join(application, "lib/database.ts"), line);
      // Until the server has seen it.
      while ((await get("/opened")).version !== version);
      assert.deepEqual(await get("/opened"), { databases: 1, version, writing: 0 });
      assert.equal(await pay(1), 201);
    }
    assert.deepEqual(await get("/accounts"), [
      { name: "Alice", balance: 26 },
      { name: "Bob", balance: 4 },
    ]);
  },
);
