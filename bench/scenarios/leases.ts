/** (g) What a pool costs by itself: leases without SQL, alone and with waiters in the queue. */

import { Pool } from "../../src/pool/pool.ts";
import { load, loadCommonJs } from "../contenders/load.ts";
import { callAll } from "./callers.ts";
import type { Lane, Runner, Scenario, Subject } from "./scenario.ts";

const ALONE = "1 caller";
const WAITERS: Readonly<Record<string, number>> = { "10 waiters": 10, "10,000 waiters": 10_000 };
/** As pools come, where nobody waits. */
const SIZE = 10;

/** A pool of plain objects. */
interface LeasePool {
  acquire(): Promise<unknown>;
  release(lease: never): unknown;
  close(): unknown;
}

interface PoolLane extends Lane {
  create(size: number): Promise<LeasePool>;
}

const lanes: readonly PoolLane[] = [
  {
    id: "await",
    title: "bare await",
    note: "what any asynchronous call costs",
    async create() {
      const resource = {};
      return { acquire: () => Promise.resolve(resource), release() {}, close() {} };
    },
  },
  {
    id: "pool",
    title: "Pool",
    ours: true,
    note: "the pool inside SQLiteConnectionPool",
    async create(size) {
      const steps = { open: () => ({}), validate() {}, reset() {}, close() {} };
      const pool = new Pool(steps, { poolSize: size });
      return {
        acquire: () => pool.acquire(),
        release: (lease: { release(): void }) => lease.release(),
        close: () => pool.close(),
      };
    },
  },
  {
    id: "generic-pool",
    title: "generic-pool",
    package: "generic-pool",
    async create(size) {
      const { default: genericPool } = await load<GenericPool>("generic-pool");
      const factory = { create: async () => ({}), async destroy() {} };
      const pool = genericPool.createPool(factory, { max: size, min: 0 });
      return {
        acquire: () => pool.acquire(),
        release: (lease: object) => pool.release(lease),
        close: () => pool.drain().then(() => pool.clear()),
      };
    },
  },
  {
    id: "tarn",
    title: "tarn",
    package: "tarn",
    async create(size) {
      const tarn = await load<Tarn>("tarn");
      const factory = { create: async () => ({}), destroy() {}, min: 0, max: size };
      const pool = new tarn.Pool(factory);
      return {
        acquire: () => pool.acquire().promise,
        release: (lease: object) => pool.release(lease),
        close: () => pool.destroy(),
      };
    },
  },
  {
    id: "pg-pool",
    title: "pg-pool",
    package: "pg-pool",
    async create(size) {
      const PgPool = loadCommonJs<PgPool>("pg-pool");
      const pool = new PgPool({ Client: FakeClient, max: size });
      return {
        acquire: () => pool.connect(),
        release: (lease: { release(): void }) => lease.release(),
        close: () => pool.end(),
      };
    },
  },
];

interface GenericPool {
  readonly default: {
    createPool(
      factory: { create(): Promise<object>; destroy(resource: object): Promise<void> },
      options: { max: number; min: number },
    ): {
      acquire(): Promise<object>;
      release(resource: object): Promise<void>;
      drain(): Promise<void>;
      clear(): Promise<void>;
    };
  };
}

interface Tarn {
  readonly Pool: new (options: {
    create(): Promise<object>;
    destroy(resource: object): void;
    min: number;
    max: number;
  }) => {
    acquire(): { readonly promise: Promise<object> };
    release(resource: object): boolean;
    destroy(): Promise<unknown>;
  };
}

type PgPool = new (options: { Client: unknown; max: number }) => {
  connect(): Promise<{ release(): void }>;
  end(): Promise<void>;
};

/** What pg-pool needs of a connection to PostgreSQL. */
class FakeClient {
  _queryable = true;
  _ending = false;
  connect(done: (error?: Error) => void): void {
    done();
  }
  on(): this {
    return this;
  }
  once(): this {
    return this;
  }
  removeListener(): this {
    return this;
  }
  end(done?: () => void): void {
    done?.();
  }
}

export const leases: Scenario = {
  name: "leases",
  title: "Leases without SQL",
  unit: "leases",
  lanes: () => lanes,
  variants: [{ name: ALONE }, ...Object.keys(WAITERS).map((name) => ({ name }))],
  async open(subject: Subject): Promise<Runner> {
    const { create } = lanes.find(({ id }) => id === subject.lane)!;
    const idle = await create(SIZE);
    const busy = await create(1);
    const lend = async ({ acquire, release }: LeasePool): Promise<void> => {
      const lease = await acquire();
      await release(lease as never);
    };
    return {
      async run(variant, calls) {
        const waiters = WAITERS[variant];
        if (waiters === undefined) return await callAll(1, calls, () => lend(idle));
        const rounds = Math.max(1, Math.round(calls / waiters));
        for (let round = 0; round < rounds; round++) {
          const holder = await busy.acquire();
          const waiting = Array.from({ length: waiters }, () => lend(busy));
          await busy.release(holder as never);
          await Promise.all(waiting);
        }
        return { calls: rounds * waiters };
      },
      async close() {
        await idle.close();
        await busy.close();
      },
    };
  },
};
