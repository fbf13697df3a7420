// Threads that die at random moments in random ways: nobody waits for ever, no slot is lost and
// no lock stays behind. The nightly run sets DEATHS=1000; SEED repeats a run.
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import {
  ConnectionLostError,
  openDatabase,
  OutcomeUnknownError,
  PoolConnectionOpenError,
  SQLiteConnectionPool,
  workerConnection,
  type WorkerLike,
} from "../../mod.ts";
import { randomFrom } from "../helpers/random.ts";
import { runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { type Doom, type Moment, MOMENTS, type Way, WAYS } from "./doom.ts";

const DEATHS = Number(process.env.DEATHS ?? 40);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const POOL_SIZE = 3;
const PATIENCE = 5;
/** Far more than anything here takes: only what hangs takes longer. */
const HANG_MS = 60_000;

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

/** What a call may fail with when its thread dies. */
function isDeath(error: unknown): boolean {
  const wraps = error instanceof PoolConnectionOpenError || error instanceof OutcomeUnknownError;
  if (wraps) return isDeath(error.cause);
  return error instanceof ConnectionLostError;
}

function expectDeath(error: unknown): void {
  if (!isDeath(error)) throw error;
}

const NUMBERS = `
  WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 3000) SELECT n FROM c
`;

/** A call of each kind; `pair` is a number of its own. */
function calls(pool: SQLiteConnectionPool): ((pair: number) => Promise<unknown>)[] {
  const write = async (pair: number): Promise<void> => {
    try {
      await pool.transaction(async (tx) => {
        await tx.run("INSERT INTO pairs VALUES (?, 1)", [pair]);
        await tx.run("INSERT INTO pairs VALUES (?, 2)", [pair]);
      }, { mode: "immediate" });
    } catch (error) {
      if (error instanceof ConnectionLostError && !error.mayHaveTakenEffect) refused.add(pair);
      throw error;
    }
    committed.add(pair);
  };
  const committed = new Set<number>();
  acknowledged.set(pool, committed);
  const refused = new Set<number>();
  withoutEffect.set(pool, refused);
  return [
    () => pool.get("SELECT 1 AS one"),
    () => pool.values("SELECT count(*) FROM pairs"),
    write,
    write,
    () =>
      pool.withConnection(async (conn) => {
        let rows = 0;
        for await (const _ of conn.iterate(NUMBERS)) rows += 1;
        assert.equal(rows, 3_000);
      }),
  ];
}

const acknowledged = new WeakMap<SQLiteConnectionPool, Set<number>>();
const withoutEffect = new WeakMap<SQLiteConnectionPool, Set<number>>();

/** Rejects when a call hangs. */
async function within<V>(what: string, call: Promise<V>): Promise<V> {
  let timer: ReturnType<typeof setTimeout>;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs (SEED=${SEED})`)), HANG_MS);
  });
  return await Promise.race([call, hang]).finally(() => clearTimeout(timer));
}

interface Scene {
  readonly pool: SQLiteConnectionPool;
  readonly path: string;
  readonly reaper: Reaper;
  readonly random: () => number;
}

async function setUp(t: TestContext): Promise<Scene> {
  const path = join(temporaryDirectory(t), "test.db");
  const db = await openDatabase(path, { onWarning: () => {} });
  await db.run("CREATE TABLE pairs (pair INTEGER, part INTEGER)");
  await db.close();
  const random = randomFrom(SEED);
  const reaper = new Reaper(random);
  const factory = workerConnection(path, { worker: reaper.spawn });
  // Connections retire now and then, so that some die while they are closed.
  const pool = new SQLiteConnectionPool(factory, { poolSize: POOL_SIZE, maxUses: 12 });
  return { pool, path, reaper, random };
}

async function checkPool({ pool, path }: Scene): Promise<void> {
  // Those that are to die of idleness, or with their last use, may still do so: all are replaced.
  for (let lease = 0; lease < 12 * POOL_SIZE; lease++) {
    await within("a lease", pool.get("SELECT 1").catch(expectDeath));
  }
  const leases = await within(
    "poolSize leases",
    Promise.all(Array.from({ length: POOL_SIZE }, () => pool.connection())),
  );
  assert.equal(pool.stats.inUse, POOL_SIZE);
  await Promise.all(leases.map((lease) => lease.release()));
  const other = await openDatabase(path, { onWarning: () => {}, busyTimeoutMs: HANG_MS });
  await within("another writer", other.run("INSERT INTO pairs VALUES (-1, 1), (-1, 2)"));
  const found = await other.values("SELECT pair, count(*) FROM pairs GROUP BY pair");
  for (const [pair, parts] of found) assert.equal(Number(parts) % 2, 0, `half of ${pair}`);
  const present = new Set(found.map(([pair]) => pair));
  for (const pair of acknowledged.get(pool)!) assert.ok(present.has(pair), `${pair} was lost`);
  for (const pair of withoutEffect.get(pool)!) assert.ok(!present.has(pair), `${pair} is there`);
  await other.close();
}

test(`threads die ${DEATHS} times at random moments`, async (t) => {
  const scene = await setUp(t);
  const { pool, reaper, random } = scene;
  const kinds = calls(pool);
  let pair = 0;
  for (let checked = 0; checked < DEATHS;) {
    reaper.mode = "deadly";
    const goal = Math.min(DEATHS, checked + 20);
    while (reaper.deaths < goal) {
      const burst = Array.from({ length: 1 + Math.floor(random() * 6) }, async () => {
        const kind = kinds[Math.floor(random() * kinds.length)];
        await kind(pair++);
      });
      const settled = await within("a call", Promise.allSettled(burst));
      for (const result of settled) {
        if (result.status === "rejected") expectDeath(result.reason);
      }
      // Lets those that are to die of idleness do so.
      if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    }
    checked = reaper.deaths;
    reaper.mode = "harmless";
    await checkPool(scene);
  }
  await within("close", pool.close());
  console.log(`SEED=${SEED}: ${JSON.stringify(reaper.byMoment)}`);
  const missing = MOMENTS.filter((moment) => reaper.byMoment[moment] === 0);
  if (DEATHS >= 1_000) assert.deepEqual(missing, []);
});
