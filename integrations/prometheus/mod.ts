/**
 * Statistics in the text format of Prometheus.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 * import { formatPrometheus } from "@sqlitepool/pool/prometheus";
 *
 * const db = await openDatabase(":memory:");
 * const text = formatPrometheus({ app: db.stats });
 * console.log(text.includes('sqlitepool_connections_max{pool="app",part="writer"} 1')); // true
 * await db.close();
 * ```
 *
 * @module
 */

import type { PoolStats } from "../../src/connections/connection_pool.ts";
import type { DatabaseStats } from "../../src/database/database.ts";

/** A metric, and how its values come out of the statistics of a pool. */
interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  values(stats: PoolStats): readonly (readonly [labels: Labels, value: number])[];
}

type Labels = Readonly<Record<string, string>>;

const one = (pick: (stats: PoolStats) => number): Metric["values"] => (stats) => [
  [{}, pick(stats)],
];
/** Prometheus counts time in seconds. */
const seconds = (pick: (stats: PoolStats) => number): Metric["values"] =>
  one((stats) => pick(stats) / 1_000);

const gauge = (name: string, help: string, values: Metric["values"]): Metric => ({
  name: `sqlitepool_${name}`,
  type: "gauge",
  help,
  values,
});
const counter = (name: string, help: string, values: Metric["values"]): Metric => ({
  name: `sqlitepool_${name}_total`,
  type: "counter",
  help,
  values,
});

const METRICS: readonly Metric[] = [
  gauge("connections", "Connections by state.", ({ idle, inUse, opening }) => [
    [{ state: "idle" }, idle],
    [{ state: "used" }, inUse],
    [{ state: "opening" }, opening],
  ]),
  gauge("connections_max", "Maximum number of connections.", one(({ poolSize }) => poolSize)),
  gauge("waiting", "Callers that are waiting.", one(({ waiting }) => waiting)),
  counter("acquired", "Leases handed out.", one(({ acquired }) => acquired)),
  counter("queued", "Leases whose caller had to wait.", one(({ queued }) => queued)),
  counter("wait_seconds", "Time that callers waited.", seconds(({ waitMs }) => waitMs)),
  counter("timeouts", "Waits that timed out.", one(({ timeouts }) => timeouts)),
  counter("aborts", "Waits that were aborted.", one(({ aborts }) => aborts)),
  counter("opened", "Connections opened.", one(({ opened }) => opened)),
  counter("open_seconds", "Time spent opening connections.", seconds(({ openMs }) => openMs)),
  counter(
    "open_errors",
    "Connections that could not be opened.",
    one(({ openErrors }) => openErrors),
  ),
  counter("use_seconds", "Time that connections were held.", seconds(({ usedMs }) => usedMs)),
  counter(
    "destroyed",
    "Connections closed, by reason.",
    ({ destroyed }) => Object.entries(destroyed).map(([reason, count]) => [{ reason }, count]),
  ),
  counter("leaked", "Leases that were never released.", one(({ leaked }) => leaked)),
  counter(
    "busy_retries",
    "Statements that were tried again because the database was locked.",
    one(({ busyRetries }) => busyRetries),
  ),
];

/**
 * Writes statistics in the text format of Prometheus, version 0.0.4, whose media type is
 * `text/plain; version=0.0.4`.
 *
 * @param stats those of each pool or database, by its name: all in one text, as Prometheus wants
 *   each metric once.
 * @returns the text. A pool has the label `pool`; those of a database have `part` as well.
 */
export function formatPrometheus(
  stats: Readonly<Record<string, PoolStats | DatabaseStats>>,
): string {
  const pools = Object.entries(stats).flatMap(([name, one]) => partsOf(name, one));
  const lines = METRICS.flatMap(({ name, help, type, values }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...pools.flatMap(([labels, stats]) =>
      values(stats).map(([more, value]) => `${name}${format({ ...labels, ...more })} ${value}`)
    ),
  ]);
  return `${lines.join("\n")}\n`;
}

function partsOf(pool: string, stats: PoolStats | DatabaseStats): [Labels, PoolStats][] {
  if (!("readers" in stats)) return [[{ pool }, stats]];
  const { writer, readers, inline } = stats;
  const parts: [string, PoolStats | undefined][] = [["writer", writer], ["inline", inline]];
  // In memory one connection is for everything.
  if (readers !== writer) parts.push(["reader", readers]);
  return parts.flatMap(([part, one]) => one === undefined ? [] : [[{ pool, part }, one]]);
}

function format(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return `{${pairs.join(",")}}`;
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
