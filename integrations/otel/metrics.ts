/**
 * The metrics of pools and of their statements.
 *
 * @module
 */

import type { Attributes, BatchObservableResult, Histogram, Meter } from "@opentelemetry/api";
import type { Observed, Observer } from "../../src/connections/observation/operation.ts";
import type { PoolHooks } from "../../src/pool/hooks.ts";
import type { PoolStats } from "../../src/pool/stats.ts";
import * as names from "./conventions.ts";
import { summarize } from "./query_text.ts";
import { failureAttributes } from "./spans.ts";

/** What is observed of a pool. */
export interface ObservedPool {
  /** The value of `db.client.connection.pool.name`. */
  readonly name: string;
  readonly closed: boolean;
  readonly stats: PoolStats;
  /** How many idle connections are kept ready. */
  readonly minIdle: number;
  /** Adds hooks to those of the user. */
  addHooks(hooks: PoolHooks): void;
  /** Calls with each wait that was served, in milliseconds. */
  onWaited(observer: (ms: number) => void): void;
}

const seconds = (ms: number): number => ms / 1_000;

function histogram(meter: Meter, { name, unit, description }: names.InstrumentName): Histogram {
  const isTime = unit === "s";
  const advice = isTime ? { explicitBucketBoundaries: [...names.DURATION_BUCKETS] } : {};
  return meter.createHistogram(name, { unit, description, advice });
}

/** Measures statements. */
export class StatementMetrics implements Observer {
  readonly kinds: Observer["kinds"] = ["query"];
  readonly #duration: Histogram;
  readonly #rows: Histogram;
  readonly #server: Attributes;

  /** @param server where the database is, if that is a server. */
  constructor(meter: Meter, server: Attributes) {
    this.#server = server;
    this.#duration = histogram(meter, names.OPERATION_DURATION);
    this.#rows = histogram(meter, names.RETURNED_ROWS);
  }

  ended(operation: Observed): void {
    const { context: { sql = "", name, rows, error }, failed, ms } = operation;
    const attributes: Attributes = {
      ...this.#server,
      [names.DB_SYSTEM_NAME]: names.SQLITE,
      [names.DB_NAMESPACE]: name,
      [names.DB_QUERY_SUMMARY]: summarize(sql),
      ...(failed && failureAttributes(error)),
    };
    try {
      this.#duration.record(seconds(ms), attributes);
      if (rows !== undefined && !failed) this.#rows.record(rows, attributes);
    } catch {
      // A meter that throws costs what it would have recorded, and nothing else.
    }
  }
}

/** Measures pools: gauges when they are asked for, times when they come about. */
export function measurePools(meter: Meter, pools: readonly ObservedPool[]): void {
  const create = histogram(meter, names.CREATE_TIME);
  const wait = histogram(meter, names.WAIT_TIME);
  const use = histogram(meter, names.USE_TIME);
  for (const pool of pools) {
    const attributes = { [names.POOL_NAME]: pool.name };
    pool.addHooks({
      onOpen: ({ openMs }) => create.record(seconds(openMs), attributes),
      onRelease: ({ usedMs }) => use.record(seconds(usedMs), attributes),
    });
    pool.onWaited((ms) => {
      try {
        wait.record(seconds(ms), attributes);
      } catch {
        // See above.
      }
    });
  }
  const gauge = ({ name, ...options }: names.InstrumentName) =>
    meter.createObservableUpDownCounter(name, options);
  const count = gauge(names.COUNT);
  const idleMax = gauge(names.IDLE_MAX);
  const idleMin = gauge(names.IDLE_MIN);
  const max = gauge(names.MAX);
  const pending = gauge(names.PENDING_REQUESTS);
  const { name, ...options } = names.TIMEOUTS;
  const timeouts = meter.createObservableCounter(name, options);
  const observables = [count, idleMax, idleMin, max, pending, timeouts];
  const observe = (result: BatchObservableResult): void => {
    for (const { name, stats, minIdle } of pools) {
      const attributes = { [names.POOL_NAME]: name };
      const state = (value: string): Attributes => ({
        ...attributes,
        [names.CONNECTION_STATE]: value,
      });
      result.observe(count, stats.idle, state("idle"));
      result.observe(count, stats.inUse, state("used"));
      // All connections may be idle, each for as long as `idleTimeoutMs` allows.
      result.observe(idleMax, stats.poolSize, attributes);
      result.observe(idleMin, minIdle, attributes);
      result.observe(max, stats.poolSize, attributes);
      result.observe(pending, stats.waiting, attributes);
      result.observe(timeouts, stats.timeouts, attributes);
    }
    // What is closed is observed for the last time.
    if (pools.every(({ closed }) => closed)) {
      meter.removeBatchObservableCallback(observe, observables);
    }
  };
  meter.addBatchObservableCallback(observe, observables);
}
