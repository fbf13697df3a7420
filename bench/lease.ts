// What a lease costs when nobody waits: acquire and release with a synchronous reset, beside a
// bare await, the lower bound of any asynchronous pool, and generic-pool if it is installed.
//
//   node bench/lease.ts [rounds]
//   bun bench/lease.ts [rounds]
//   deno run -A bench/lease.ts [rounds]

import process from "node:process";

import { Pool } from "../src/pool/pool.ts";
import { bestTimes, describeRuntime } from "./rounds.ts";

const leases = 20_000;
const rounds = Number(process.argv[2] ?? 50);

interface Contender {
  readonly name: string;
  run(): Promise<void>;
}

const steps = { open: () => ({}), validate() {}, reset() {}, close() {} };

function bareAwait(): Contender {
  const resource = {};
  return {
    name: "bare await",
    async run() {
      for (let i = 0; i < leases; i++) await Promise.resolve(resource);
    },
  };
}

function ourPool(name: string, options: { trackLeases?: boolean }): Contender {
  const pool = new Pool(steps, { poolSize: 10, ...options });
  return {
    name,
    async run() {
      for (let i = 0; i < leases; i++) {
        const lease = await pool.acquire();
        lease.release();
      }
    },
  };
}

interface GenericPool {
  acquire(): Promise<object>;
  release(resource: object): Promise<void>;
}

interface GenericPoolModule {
  readonly default: {
    createPool(
      factory: { create(): Promise<object>; destroy(resource: object): Promise<void> },
      options: { max: number; acquireTimeoutMillis: number },
    ): GenericPool;
  };
}

async function genericPool(): Promise<Contender | undefined> {
  // Optional, so its name is in a variable: it is resolved at run time only.
  const specifier: string = "generic-pool";
  const loaded = await import(specifier).catch(() => undefined) as GenericPoolModule | undefined;
  if (loaded === undefined) return undefined;
  const factory = { create: async () => ({}), async destroy() {} };
  const pool = loaded.default.createPool(factory, { max: 10, acquireTimeoutMillis: 30_000 });
  return {
    name: "generic-pool",
    async run() {
      for (let i = 0; i < leases; i++) {
        const resource = await pool.acquire();
        await pool.release(resource);
      }
    },
  };
}

const others = await genericPool();
const contenders = [
  bareAwait(),
  ourPool("pool", {}),
  ourPool("pool, trackLeases", { trackLeases: true }),
  ...(others === undefined ? [] : [others]),
];
const times = await bestTimes(rounds, contenders.map(({ run }) => run));

console.log(`${describeRuntime()}, best of ${rounds} rounds of ${leases} leases`);
for (const [index, ms] of times.entries()) {
  const name = contenders[index].name.padEnd(18);
  const rate = Math.round(leases / ms * 1_000).toLocaleString("en").padStart(11);
  const each = (ms / leases * 1e6).toFixed(0).padStart(5);
  console.log(`${name} ${rate} a second  ${each} ns each`);
}
if (others === undefined) console.log("generic-pool is not installed: skipped");
