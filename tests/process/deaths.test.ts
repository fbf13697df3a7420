// Processes that are killed at random moments: nobody waits for ever, no slot is lost and no lock
// stays behind. The nightly run sets DEATHS=1000; SEED repeats what is called.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase, processConnection, SQLiteConnectionPool } from "../../mod.ts";
import { randomFrom } from "../helpers/random.ts";
import {
  onNewestNode,
  runtimeCommand,
  runtimeName,
  temporaryDirectory,
} from "../helpers/runtime.ts";
import { POOL_SIZE, type Scene, SEED, surviveDeaths } from "../worker/deaths.ts";

// The older Nodes run the same code, and a process takes a while to start.
const isOlderNode = runtimeName() === "node" && !onNewestNode;
const DEATHS = Number(process.env.DEATHS ?? (isOlderNode ? 5 : 20));

/** Kills processes, unless it is told to spare new ones. */
class Reaper {
  readonly #directory: string;
  readonly command: readonly string[];

  constructor(directory: string) {
    this.#directory = directory;
    for (const list of ["started", "spared", "killed"]) writeFileSync(join(directory, list), "");
    this.mode = "deadly";
    this.command = runtimeCommand("tests/process/doomed_process.ts", [directory]);
  }

  set mode(mode: "deadly" | "harmless") {
    writeFileSync(join(this.#directory, "mode"), mode);
  }

  get deaths(): number {
    return this.#list("killed").length;
  }

  /** Waits for the end of all that were not spared: the pool may be the one that ends them. */
  async lastDeaths(): Promise<void> {
    for (;;) {
      const spared = new Set(this.#list("spared"));
      if (!this.#list("started").some((pid) => !spared.has(pid) && isAlive(Number(pid)))) return;
      await delay(20);
    }
  }

  #list(name: string): string[] {
    return readFileSync(join(this.#directory, name), "utf8").split("\n").slice(0, -1);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function setUp(t: TestContext): Promise<Scene> {
  const directory = temporaryDirectory(t);
  const path = join(directory, "test.db");
  const db = await openDatabase(path, { onWarning: () => {} });
  await db.run("CREATE TABLE pairs (pair INTEGER, part INTEGER)");
  await db.close();
  const reaper = new Reaper(directory);
  const factory = processConnection(path, { processCommand: reaper.command });
  // Connections retire now and then, so that some die while they are closed.
  const pool = new SQLiteConnectionPool(factory, { poolSize: POOL_SIZE, maxUses: 12 });
  t.after(() => pool.close({ timeoutMs: 0 }));
  const idle = (): Promise<void> => delay(50);
  const lastDeaths = (): Promise<void> => reaper.lastDeaths();
  return { pool, path, reaper, random: randomFrom(SEED), idle, lastDeaths };
}

test("processes are killed at random moments", async (t) => {
  console.log(`SEED=${SEED}: ${DEATHS} deaths`);
  await surviveDeaths(await setUp(t), DEATHS);
});
