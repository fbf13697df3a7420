/** What is done on a pool whose connections die at random moments, and what must hold afterwards. */

import assert from "node:assert/strict";
import process from "node:process";
import {
  ConnectionLostError,
  openDatabase,
  OutcomeUnknownError,
  PoolConnectionOpenError,
  type SQLiteConnectionPool,
} from "../../mod.ts";

export const SEED: number = Number(process.env.SEED ?? Date.now() % 2 ** 31);
export const POOL_SIZE = 3;
/** Far more than anything here takes: only what hangs takes longer. */
const HANG_MS = 60_000;

/** A pool on a file with a table `pairs`, and what kills its connections. */
export interface Scene {
  readonly pool: SQLiteConnectionPool;
  readonly path: string;
  readonly reaper: {
    mode: "deadly" | "harmless";
    readonly deaths: number;
  };
  readonly random: () => number;
  /** Lets those that are to die of idleness do so. */
  readonly idle: () => Promise<void>;
  /** Waits for deaths that have nothing to do with what the pool does. */
  readonly lastDeaths?: () => Promise<void>;
}

/** What a call may fail with when its connection dies. */
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
export async function within<V>(what: string, call: Promise<V>): Promise<V> {
  let timer: ReturnType<typeof setTimeout>;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs (SEED=${SEED})`)), HANG_MS);
  });
  return await Promise.race([call, hang]).finally(() => clearTimeout(timer));
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

/** Uses the pool until so many of its connections have died, and checks it now and then. */
export async function surviveDeaths(scene: Scene, deaths: number): Promise<void> {
  const { pool, reaper, random, idle } = scene;
  const kinds = calls(pool);
  let pair = 0;
  for (let checked = 0; checked < deaths;) {
    reaper.mode = "deadly";
    const goal = Math.min(deaths, checked + 20);
    while (reaper.deaths < goal) {
      const burst = Array.from({ length: 1 + Math.floor(random() * 6) }, async () => {
        const kind = kinds[Math.floor(random() * kinds.length)];
        await kind(pair++);
      });
      const settled = await within("a call", Promise.allSettled(burst));
      for (const result of settled) {
        if (result.status === "rejected") expectDeath(result.reason);
      }
      if (random() < 0.2) await idle();
    }
    checked = reaper.deaths;
    reaper.mode = "harmless";
    if (scene.lastDeaths !== undefined) await within("a death", scene.lastDeaths());
    await checkPool(scene);
  }
  await within("close", pool.close());
}
