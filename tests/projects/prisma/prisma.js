/**
 * Two interactive transactions of Prisma at once, one of which rolls back, beside plain writes: on
 * Prisma's own adapters, and on this pool. `npm run projects` installs them and runs this.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import { PrismaSqlitePool } from "@sqlitepool/pool/prisma";

const STEPS = 10;

/** Stands for a request to somebody else. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

const PrismaClient = await generateClient();

async function generateClient() {
  // Generating needs no schema engine, but looks for one, and would download it.
  const engine = fileURLToPath(new URL("engine.sh", import.meta.url));
  writeFileSync(engine, "#!/bin/sh\nexit 0\n");
  chmodSync(engine, 0o755);
  const prisma = fileURLToPath(import.meta.resolve("prisma/package.json"));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(prisma, "../build/index.js"), "generate", "--schema", "schema.prisma"],
    {
      cwd: import.meta.dirname,
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: engine, CHECKPOINT_DISABLE: "1" },
      encoding: "utf8",
    },
  );
  assert.equal(status, 0, `prisma generate: ${stdout}${stderr}`);
  return (await import("./client/client.ts")).PrismaClient;
}

/** @returns what became of it. */
async function tryOn(t, makeAdapter) {
  const directory = mkdtempSync(join(tmpdir(), "prisma-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "log.db");
  const setUp = new DatabaseSync(path);
  setUp.exec("PRAGMA journal_mode = WAL; CREATE TABLE Log (id INTEGER PRIMARY KEY, line TEXT)");
  setUp.close();
  const prisma = new PrismaClient({ adapter: makeAdapter(`file:${path}`) });
  const transaction = (line, outcome) =>
    prisma.$transaction(async (tx) => {
      for (let step = 0; step < STEPS; step++) {
        await tx.log.create({ data: { line } });
        await pause();
      }
      if (outcome === "roll back") throw new Error("changed my mind");
    }, { timeout: 60_000, maxWait: 60_000 });
  let refused = 0;
  const plainWrites = async () => {
    for (let step = 0; step < STEPS; step++) {
      await prisma.log.create({ data: { line: "plain" } }).catch(() => refused++);
      await pause();
    }
  };
  const [, kept] = await Promise.allSettled([
    transaction("undone", "roll back"),
    transaction("kept", "commit"),
    plainWrites(),
  ]);
  const rows = async (line) => await prisma.log.count({ where: { line } });
  const outcome = {
    transactionToKeep: kept.status,
    kept: await rows("kept"),
    undone: await rows("undone"),
    plain: await rows("plain"),
    refused,
  };
  await prisma.$disconnect();
  return outcome;
}

const own = {
  "@prisma/adapter-better-sqlite3": (url) => new PrismaBetterSqlite3({ url }),
  "@prisma/adapter-libsql": (url) => new PrismaLibSql({ url }),
};
for (const [name, makeAdapter] of Object.entries(own)) {
  test(`what ${name} makes of it, for docs/prisma.md`, async (t) => {
    console.log(name, await tryOn(t, makeAdapter));
  });
}

test("over the pool nothing is lost and nothing is mixed", async (t) => {
  const outcome = await tryOn(t, (url) => new PrismaSqlitePool({ url }));
  assert.deepEqual(outcome, {
    transactionToKeep: "fulfilled",
    kept: STEPS,
    undone: 0,
    plain: STEPS,
    refused: 0,
  });
});
