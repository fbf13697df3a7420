// A process with a pool and nothing else to do; started by exit.test.ts.
import process from "node:process";
import { setTimeout } from "node:timers";
import { type Environment, systemEnvironment, type Timer } from "../../src/platform/clock.ts";
import { type Lifecycle, Pool } from "../../src/pool/pool.ts";
import type { CorePoolOptions } from "../../src/pool/options.ts";

const WATCHDOG_MS = 5_000;

const forEver = () => new Promise<never>(() => {});
const sound: Lifecycle<object> = {
  open: () => ({}),
  validate() {},
  reset() {},
  close() {},
};

/** Timers of the system's clock that have neither fired nor been cancelled. */
const pending = new Set<Timer>();
const { clock, random } = systemEnvironment;
const environment: Environment = {
  random,
  clock: {
    ...clock,
    schedule(callback, delayMs, lifetime) {
      const fire = () => {
        pending.delete(timer);
        callback();
      };
      const timer = clock.schedule(fire, delayMs, lifetime);
      pending.add(timer);
      return timer;
    },
    cancel(timer) {
      pending.delete(timer);
      clock.cancel(timer);
    },
  },
};

function createPool(steps: Partial<Lifecycle<object>>, options: CorePoolOptions): Pool<object> {
  return new Pool({ ...sound, ...steps }, options, environment);
}

const say = (what: string) => () => console.log(what);
const sayError = (error: Error) => console.log(error.name);

const scenes: Readonly<Record<string, () => void | Promise<void>>> = {
  async "idle"() {
    const pool = createPool({}, { maxLifetimeMs: 3_600_000 });
    const leases = await Promise.all([pool.acquire(), pool.acquire()]);
    for (const lease of leases) lease.release();
    console.log(`${pool.stats.idle} idle`);
  },
  "retry"() {
    const open = () => Promise.reject(new Error("no disk"));
    createPool({ open }, { minIdle: 1 });
  },
  async "held"() {
    await createPool({}, {}).acquire();
    console.log("held");
  },
  async "abandoned"() {
    const options = { validateAfterIdleMs: 0, operationTimeoutMs: 3_600_000 };
    const pool = createPool({ reset: forEver }, options);
    void (await pool.acquire()).release();
    await pool.close({ timeoutMs: 0 });
    console.log("closed");
  },
  async "acquire"() {
    const pool = createPool({}, { poolSize: 1, acquisitionTimeoutMs: 100 });
    await pool.acquire();
    pool.acquire().catch(sayError);
  },
  "open"() {
    createPool({ open: forEver }, { operationTimeoutMs: 100 }).acquire().catch(sayError);
  },
  async "close"() {
    const pool = createPool({}, { poolSize: 1 });
    await pool.acquire();
    void pool.close({ timeoutMs: 100 }).then(say("closed"));
  },
};

process.on("exit", () => console.log(`exit with ${pending.size} pending`));
// Lets the process exit, and fires only if something else keeps it from that.
setTimeout(() => {
  console.log("something kept the process alive");
  process.exit(1);
}, WATCHDOG_MS).unref();

await scenes[process.argv[2]]();
