// Threads that die at random moments in random ways: nobody waits for ever, no slot is lost and
// no lock stays behind. The nightly run sets DEATHS=1000; SEED repeats a run.
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import {
  openDatabase,
  SQLiteConnectionPool,
  workerConnection,
  type WorkerLike,
} from "../../mod.ts";
import { randomFrom } from "../helpers/random.ts";
import { runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { POOL_SIZE, type Scene, SEED, surviveDeaths } from "./deaths.ts";
import { type Doom, type Moment, MOMENTS, type Way, WAYS } from "./doom.ts";

const DEATHS = Number(process.env.DEATHS ?? 40);
const PATIENCE = 5;

const script = new URL("./doomed_worker.ts", import.meta.url);
// Only Node limits the memory of a thread; elsewhere the process would run out of it.
const ways: readonly Way[] = runtimeName() === "node" ? WAYS : ["exit", "throw"];

/** Starts threads that die, until it is told to start others. */
class Reaper {
  mode: "deadly" | "harmless" = "deadly";
  readonly #deaths = new SharedArrayBuffer(4 * MOMENTS.length);
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  get byMoment(): Record<Moment, number> {
    const counts = new Int32Array(this.#deaths);
    return Object.fromEntries(MOMENTS.map((moment, i) => [moment, counts[i]])) as Record<
      Moment,
      number
    >;
  }

  get deaths(): number {
    return new Int32Array(this.#deaths).reduce((sum, count) => sum + count, 0);
  }

  readonly spawn = (): WorkerLike => {
    const doom: Doom | undefined = this.mode === "harmless" ? undefined : {
      moment: this.#pick(MOMENTS),
      way: this.#pick(ways),
      patience: Math.floor(this.#random() * PATIENCE),
      deaths: this.#deaths,
    };
    const resourceLimits = doom?.way === "memory" ? { maxOldGenerationSizeMb: 24 } : undefined;
    return new Worker(script, { workerData: { doom }, resourceLimits }) as WorkerLike;
  };

  #pick<V>(values: readonly V[]): V {
    return values[Math.floor(this.#random() * values.length)];
  }
}

async function setUp(t: TestContext): Promise<Scene & { readonly reaper: Reaper }> {
  const path = join(temporaryDirectory(t), "test.db");
  const db = await openDatabase(path, { onWarning: () => {} });
  await db.run("CREATE TABLE pairs (pair INTEGER, part INTEGER)");
  await db.close();
  const random = randomFrom(SEED);
  const reaper = new Reaper(random);
  const factory = workerConnection(path, { worker: reaper.spawn });
  // Connections retire now and then, so that some die while they are closed.
  const pool = new SQLiteConnectionPool(factory, { poolSize: POOL_SIZE, maxUses: 12 });
  const idle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PATIENCE));
  return { pool, path, reaper, random, idle };
}

test(`threads die ${DEATHS} times at random moments`, async (t) => {
  const scene = await setUp(t);
  const { reaper } = scene;
  await surviveDeaths(scene, DEATHS);
  console.log(`SEED=${SEED}: ${JSON.stringify(reaper.byMoment)}`);
  const missing = MOMENTS.filter((moment) => reaper.byMoment[moment] === 0);
  if (DEATHS >= 1_000) assert.deepEqual(missing, []);
});
