// A million leases; started by soak.test.ts, in a process of its own, because node:test keeps an
// account of every promise. Prints what is in use after a tenth of them and after all.
import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Pool } from "../../src/pool/pool.ts";
import { CountingSignal } from "../helpers/fake_resources.ts";
import { collectGarbage } from "../helpers/runtime.ts";

const LEASES = 1_000_000;
const WARM_UP = LEASES / 10;
const POOL_SIZE = 4;
const WORKERS = 8;
const USES = 1_000;

const file = fileURLToPath(import.meta.url);
const signal = new CountingSignal();
const pool = new Pool<number>({
  open: () => openSync(file, "r"),
  validate() {},
  reset() {},
  close: closeSync,
}, { poolSize: POOL_SIZE, maxUses: USES });

let leasesLeft = 0;

async function work(): Promise<void> {
  while (leasesLeft > 0) {
    leasesLeft -= 1;
    const lease = await pool.acquire({ signal: signal.asSignal() });
    lease.release();
  }
}

/** Half of the leases are had at once; half are waited for, with a timer and a listener each. */
async function workAll(leases: number): Promise<void> {
  for (const workers of [1, WORKERS]) {
    leasesLeft = leases / 2;
    await Promise.all(Array.from({ length: workers }, work));
  }
}

async function measure() {
  await collectGarbage();
  const descriptors = "/proc/self/fd";
  return {
    heap: process.memoryUsage().heapUsed,
    listeners: signal.listeners,
    descriptors: existsSync(descriptors) ? readdirSync(descriptors).length : undefined,
  };
}

await workAll(WARM_UP);
const before = await measure();
// With listeners left behind it would take hours: each new one is compared with all of them.
if (before.listeners === 0) await workAll(LEASES - WARM_UP);
const after = await measure();
const { acquired, queued, opened, size } = pool.stats;
console.log(JSON.stringify({ before, after, acquired, queued, opened, size }));
