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

import {
  type Attributes,
  type MeterProvider,
  metrics,
  trace,
  type TracerProvider,
} from "@opentelemetry/api";
import { type PoolStats, SQLiteConnectionPool } from "../../src/connections/connection_pool.ts";
import type { WatchedDatabase, WatchedPool } from "../../src/connections/observation/watch.ts";
import type { Database } from "../../src/database/database.ts";
import { describeValue } from "../../src/platform/describe.ts";
import { HOOK_NAMES, notify, type PoolHooks } from "../../src/pool/hooks.ts";
import * as names from "./conventions.ts";
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
 * @param target a `SQLiteConnectionPool`, or a database of this machine, on servers or at the edge.
 * @param options where metrics and traces go.
 * @throws {TypeError} for anything else, or for a target that is instrumented already.
 */
export function instrument<R>(
  target: Database<R> | SQLiteConnectionPool<R>,
  { meterProvider = metrics.getMeterProvider(), tracerProvider = trace.getTracerProvider() }:
    InstrumentOptions = {},
): void {
  const { watches, pools } = instrumentsOf(target);
  if (instrumented.has(target)) {
    throw new TypeError("This pool or database is instrumented already: each is measured once.");
  }
  instrumented.add(target);
  const meter = meterProvider.getMeter(SCOPE);
  const server = serverOf(target);
  const observers = [
    new Spans(tracerProvider.getTracer(SCOPE), server),
    new StatementMetrics(meter, server),
  ];
  for (const watch of watches) {
    for (const observer of observers) watch.add(observer);
  }
  // D1 and Durable Objects have none.
  if (pools.length > 0) measurePools(meter, pools);
}

/** Where a database on servers has its primary. */
function serverOf(target: object): Attributes {
  const { path = "" } = target as { readonly path?: string };
  const url = /^https?:/.test(path) ? new URL(path) : undefined;
  if (url === undefined) return {};
  const port = url.port || (url.protocol === "http:" ? 80 : 443);
  return { [names.SERVER_ADDRESS]: url.hostname, [names.SERVER_PORT]: Number(port) };
}

/** What a target is measured by. */
interface Instruments {
  readonly watches: WatchedDatabase["watches"];
  readonly pools: readonly ObservedPool[];
}

/** What databases of this machine have. */
interface HasPools {
  readonly pools: ReadonlyMap<string, SQLiteConnectionPool<unknown>>;
}

/** What other databases have. */
interface HasWatches extends Database<unknown> {
  readonly watched: WatchedDatabase;
}

function instrumentsOf(target: unknown): Instruments {
  if (target instanceof SQLiteConnectionPool) {
    return { watches: [target.watch], pools: [observed(target)] };
  }
  const { pools, watched } = (target ?? {}) as Partial<HasPools & HasWatches>;
  if (pools instanceof Map) {
    const all = [...(pools as HasPools["pools"])];
    return {
      watches: all.map(([, { watch }]) => watch),
      pools: all.map(([part, pool]) => observed(pool, part)),
    };
  }
  if (watched !== undefined) {
    const { watches, onPool } = watched;
    return { watches, pools: onPool === undefined ? [] : [observedStreams(target as HasWatches)] };
  }
  throw new TypeError(
    `instrument takes a SQLiteConnectionPool, or a database; got ${describeValue(target)}`,
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

function nameOf(name: string = UNNAMED, part?: string): string {
  return part === undefined ? name : `${name}.${part}`;
}

function observed(pool: SQLiteConnectionPool<unknown>, part?: string): ObservedPool {
  return {
    name: nameOf(pool.watch.contextOf(undefined).name, part),
    get closed(): boolean {
      return pool.closed;
    },
    get stats(): PoolStats {
      return pool.stats;
    },
    minIdle: pool.instruments.pool.minIdle,
    addHooks: (hooks) => addHooks(pool, hooks),
    onWaited: (onServed) => onWaited(pool, onServed),
  };
}

/** The streams of a database on servers, whose pool is there once one was needed. */
function observedStreams(db: HasWatches): ObservedPool {
  const { name, onPool } = db.watched;
  return {
    name: nameOf(name, "streams"),
    get closed(): boolean {
      return db.closed;
    },
    get stats(): PoolStats {
      return db.stats.readers;
    },
    minIdle: 0,
    addHooks: (hooks) => onPool!((pool) => addHooks(pool, hooks)),
    onWaited: (onServed) => onPool!((pool) => onWaited(pool, onServed)),
  };
}

function addHooks({ instruments: { pool } }: WatchedPool, hooks: PoolHooks): void {
  pool.hooks = both(pool.hooks, hooks);
}

function onWaited({ instruments: { waits } }: WatchedPool, onServed: (ms: number) => void): void {
  for (const counters of waits) {
    // Not to be listed among what they count.
    Object.defineProperty(counters, "onServed", { value: onServed });
  }
}
