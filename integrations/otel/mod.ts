/**
 * Metrics and traces of pools and databases, for OpenTelemetry. Names, units and attributes are
 * those of the semantic conventions for databases; text of statements has no literals in it.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 * import { instrument } from "@sqlitepool/pool/otel";
 *
 * const db = await openDatabase("app.db", { name: "app" });
 * instrument(db);
 * await db.get("SELECT 1 AS one");
 * await db.close();
 * ```
 *
 * @module
 */

import { type MeterProvider, metrics, trace, type TracerProvider } from "@opentelemetry/api";
import { type PoolStats, SQLiteConnectionPool } from "../../src/connections/connection_pool.ts";
import type { Database } from "../../src/database/database.ts";
import { describeValue } from "../../src/platform/describe.ts";
import { HOOK_NAMES, notify, type PoolHooks } from "../../src/pool/hooks.ts";
import { measurePools, type ObservedPool, StatementMetrics } from "./metrics.ts";
import { Spans } from "./spans.ts";

/** Where metrics and traces go. */
export interface InstrumentOptions {
  /** Default: the global one. */
  meterProvider?: MeterProvider;
  /** Default: the global one. */
  tracerProvider?: TracerProvider;
}

const SCOPE = "@sqlitepool/pool";
/** What a pool without a name is called. */
const UNNAMED = "sqlitepool";

const instrumented = new WeakSet<object>();

/**
 * Measures and traces a pool or a database from now on, until it is closed.
 *
 * @param target a `SQLiteConnectionPool`, or a database of this machine from `openDatabase`.
 * @param options where metrics and traces go.
 * @throws {TypeError} for anything else, or for a target that is instrumented already.
 */
export function instrument<R>(
  target: Database<R> | SQLiteConnectionPool<R>,
  { meterProvider = metrics.getMeterProvider(), tracerProvider = trace.getTracerProvider() }:
    InstrumentOptions = {},
): void {
  const pools = poolsOf(target);
  if (instrumented.has(target)) {
    throw new TypeError("This pool or database is instrumented already: each is measured once.");
  }
  instrumented.add(target);
  const meter = meterProvider.getMeter(SCOPE);
  const observers = [new Spans(tracerProvider.getTracer(SCOPE)), new StatementMetrics(meter)];
  for (const { pool } of pools) {
    for (const observer of observers) pool.watch.add(observer);
  }
  measurePools(meter, pools.map(observed));
}

/** A pool, and what it is of its database. */
interface Part {
  readonly part: string | undefined;
  readonly pool: SQLiteConnectionPool<unknown>;
}

/** What databases of this machine have. */
interface HasPools {
  readonly pools: ReadonlyMap<string, SQLiteConnectionPool<unknown>>;
}

function poolsOf(target: unknown): Part[] {
  if (target instanceof SQLiteConnectionPool) return [{ part: undefined, pool: target }];
  const { pools } = (target ?? {}) as Partial<HasPools>;
  if (pools instanceof Map) {
    return [...(pools as HasPools["pools"])].map(([part, pool]) => ({ part, pool }));
  }
  throw new TypeError(
    "instrument takes a SQLiteConnectionPool, or a database of this machine from openDatabase; " +
      `got ${describeValue(target)}. For databases on servers, instrument the fetch that they use.`,
  );
}

type Hook = ((event: unknown) => unknown) | undefined;

/** The hooks of the user, and those of the metrics. */
function both(first: PoolHooks, second: PoolHooks): PoolHooks {
  return Object.fromEntries(HOOK_NAMES.map((name) => [name, (event: unknown): void => {
    notify(name, first[name] as Hook, event);
    notify(name, second[name] as Hook, event);
  }]));
}

function observed({ part, pool }: Part): ObservedPool {
  const { name = UNNAMED } = pool.watch.contextOf(undefined);
  return {
    name: part === undefined ? name : `${name}.${part}`,
    get closed(): boolean {
      return pool.closed;
    },
    get stats(): PoolStats {
      return pool.stats;
    },
    addHooks(hooks: PoolHooks): void {
      const core = pool.instruments.pool;
      core.hooks = both(core.hooks, hooks);
    },
    onWaited(onServed: (ms: number) => void): void {
      for (const counters of pool.instruments.waits) {
        // Not to be listed among what they count.
        Object.defineProperty(counters, "onServed", { value: onServed });
      }
    },
  };
}
