/**
 * Where servers are, and the options of a database on servers.
 *
 * @module
 */

import {
  checkObservation,
  OBSERVATION_OPTION_NAMES,
  type ObservationOptions,
} from "../connections/observation/options.ts";
import type { Row, RowFactory } from "../sqlite/types.ts";
import type { IntMode } from "../sqlite/rows.ts";
import { refuseUnknownOptions } from "../pool/option_names.ts";
import { checkBoolean, checkFunction, checkName } from "../pool/options.ts";
import type { ResultOptions } from "../connections/query.ts";
import type { CallOptions, DatabaseStats, WriteOptions } from "../database/database.ts";
import { MAX_TIMER_MS } from "../platform/clock.ts";
import { describeValue } from "../platform/describe.ts";
import type { ClusterUrls } from "./cluster.ts";
import type { Consistency } from "./position.ts";
import { type AuthToken, checkToken, type Fetch } from "./hrana/server.ts";

/** The URL of a server. All of them are reached by HTTP. */
export type RemoteUrl = `${"libsql" | "https" | "http" | "wss" | "ws"}://${string}`;

/** A primary and its replicas. */
export interface ClusterLocation {
  /** The URL of the primary, which all writes go to. */
  primary: string | URL;
  /** The URLs of its replicas, which reads go to. */
  replicas?: readonly (string | URL)[];
}

/** Settings of a database on a server, or on a primary with replicas. */
export interface RemoteOptions<R = Row> extends ObservationOptions {
  /** What error messages, metrics and traces call it. */
  name?: string;
  /** The token of the servers, or a function that gives one: it is called for each request. */
  authToken?: AuthToken;
  /** What reads must see when a call does not say. Default: "session". */
  consistency?: Consistency;
  /** Makes each row from its values and column names; plain objects without it. */
  rowFactory?: RowFactory<R>;
  /**
   * "number" makes integers numbers and refuses those a number cannot hold; "bigint" makes all of
   * them bigints. Default: "number".
   */
  intMode?: IntMode;
  /** Limit for each call, callbacks included, in milliseconds. Default: 30_000. */
  queryTimeoutMs?: number;
  /**
   * How long a transaction or `connection` may wait for a stream of the server, in milliseconds.
   * Default: 30_000.
   */
  acquisitionTimeoutMs?: number;
  /** Limit for `close`, and for the reset of a stream, in milliseconds. Default: 10_000. */
  operationTimeoutMs?: number;
  /** How long writes that found the database locked are sent again. Default: 5_000. */
  busyTimeoutMs?: number;
  /**
   * Record where each connection was acquired, show it in timeout errors, and reclaim those that
   * were garbage-collected without being released. Default: false.
   */
  trackLeases?: boolean;
  /** Interactive transactions and leased connections at once, from 1 to 100. Default: 20. */
  maxTransactions?: number;
  /**
   * How long a replica may take to catch up with what a session has seen, before another server is
   * asked, in milliseconds. Default: 250.
   */
  replicaWaitMs?: number;
  /** Used in place of the global `fetch`. */
  fetch?: Fetch;
}

/** Settings of an embedded replica: a file of this machine that follows a server. */
export interface EmbeddedOptions<R = Row> extends
  ObservationOptions,
  Pick<
    RemoteOptions<R>,
    "name" | "authToken" | "rowFactory" | "intMode" | "acquisitionTimeoutMs"
  > {
  /** The URL of the server. */
  syncUrl: string | URL;
  /** How often to fetch what is new, in milliseconds; `Infinity` leaves it to `db.sync()`. Default: `Infinity`. */
  syncIntervalMs?: number;
}

/** How a read waits, what it must see, and how its rows are made. */
export interface RemoteCallOptions<R> extends CallOptions<R> {
  /** What the read must see. */
  consistency?: Consistency;
}

/** How a write waits, and whether it may run twice. */
export interface RemoteRunOptions<R> extends CallOptions<R>, ResultOptions<R> {
  /** Sends the write again when its answer was lost. For writes that may run twice. */
  retry?: boolean;
}

/** What is known of one server. */
export interface ServerStats {
  /** Scheme, host and port. */
  readonly origin: string;
  /** What it is. */
  readonly role: "primary" | "replica";
  /** Whether it answers, as far as is known. */
  readonly up: boolean;
  /** Requests under way. */
  readonly inFlight: number;
  /** Requests sent. */
  readonly requests: number;
  /** Requests that failed as a whole. */
  readonly failures: number;
}

/** Gauges and counters of a database on servers; the pools are that of its transactions. */
export interface RemoteStats extends DatabaseStats {
  /** The primary first. */
  readonly servers: readonly ServerStats[];
  /** Calls that wait for an answer. */
  readonly calls: number;
  /** Reads that a replica failed or did not answer in time, so that others were asked. */
  readonly fallbacks: number;
}

export type { WriteOptions };

/** Options, checked and filled in. */
export type ResolvedRemoteOptions<R> =
  & Required<Omit<RemoteOptions<R>, OptionalName>>
  & Pick<RemoteOptions<R>, OptionalName>;

type OptionalName = "authToken" | "rowFactory" | "name" | keyof ObservationOptions;

const SCHEMES: Readonly<Record<string, string>> = {
  "libsql:": "https:",
  "https:": "https:",
  "http:": "http:",
  "wss:": "https:",
  "ws:": "http:",
};

const CONSISTENCIES: readonly string[] = ["session", "strong", "eventual"];

const NUMBERS = {
  queryTimeoutMs: [30_000, 1, Infinity],
  acquisitionTimeoutMs: [30_000, 0, Infinity],
  operationTimeoutMs: [10_000, 0, MAX_TIMER_MS],
  busyTimeoutMs: [5_000, 0, MAX_TIMER_MS],
  maxTransactions: [20, 1, 100],
  replicaWaitMs: [250, 1, MAX_TIMER_MS],
} as const;

type NumberOption = keyof typeof NUMBERS;

const OPTION_NAMES: readonly string[] = [
  ...["authToken", "consistency", "rowFactory", "intMode", "fetch", "name", "trackLeases"],
  ...OBSERVATION_OPTION_NAMES,
  ...Object.keys(NUMBERS),
];

/** Servers, and the token that one of their URLs brought along. */
export interface ResolvedLocation extends ClusterUrls {
  readonly authToken: string | undefined;
}

/** @throws {TypeError} for a bad location. It never shows what may hold a password or token. */
export function resolveLocation(location: string | URL | ClusterLocation): ResolvedLocation {
  if (typeof location === "string" || location instanceof URL) {
    const { url, authToken } = serverUrl(location, "The location");
    return { primary: url, replicas: [], authToken };
  }
  if (typeof location !== "object" || location === null) {
    throw new TypeError(
      `The location must be a URL or { primary, replicas }; got ${describeValue(location)}`,
    );
  }
  refuseUnknownOptions(location, ["primary", "replicas"]);
  const { replicas = [] } = location;
  if (!Array.isArray(replicas)) {
    throw new TypeError(`replicas must be an array of URLs; got ${describeValue(replicas)}`);
  }
  const primary = serverUrl(location.primary, "primary");
  const others = replicas.map((url: string | URL, i) => serverUrl(url, `replicas[${i}]`));
  return {
    primary: primary.url,
    replicas: others.map(({ url }) => url),
    authToken: primary.authToken,
  };
}

function serverUrl(value: unknown, name: string): { url: URL; authToken: string | undefined } {
  const expected = "must be a URL such as libsql://host or http://host:8080";
  if (typeof value !== "string" && !(value instanceof URL)) {
    throw new TypeError(`${name} ${expected}; got ${describeValue(value)}`);
  }
  const text = String(value);
  const [scheme] = /^[a-z]+:/i.exec(text) ?? [];
  const target = scheme === undefined ? undefined : SCHEMES[scheme.toLowerCase()];
  // As `libsql:` a URL has another syntax, where hosts are not checked.
  const url = target === undefined ? undefined : parse(target + text.slice(scheme!.length));
  if (url === undefined) {
    // The text itself may hold a password or a token.
    throw new TypeError(`${name} ${expected}; got ${scheme ?? "a text without a scheme"}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`${name} has a user or password in it: pass authToken as an option`);
  }
  const authToken = url.searchParams.get("authToken") ?? undefined;
  const plain = url.searchParams.get("tls") === "0";
  if (plain && scheme?.toLowerCase() === "libsql:") url.protocol = "http:";
  url.searchParams.delete("authToken");
  url.searchParams.delete("tls");
  const [unknown] = url.searchParams.keys();
  if (unknown !== undefined) {
    throw new TypeError(`${name} has a parameter that is not known: ${JSON.stringify(unknown)}`);
  }
  return { url, authToken };
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** @throws {TypeError | RangeError} that names the option. */
export function resolveRemoteOptions<R>(options: RemoteOptions<R>): ResolvedRemoteOptions<R> {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options must be an object; got ${describeValue(options)}`);
  }
  refuseUnknownOptions(options, OPTION_NAMES);
  const { authToken, consistency = "session", rowFactory, intMode = "number", name } = options;
  const { onStatement, slowStatementMs, onWarning } = options;
  const { trackLeases = false } = options;
  checkName(name);
  checkBoolean("trackLeases", trackLeases);
  checkObservation(options);
  if (authToken !== undefined && typeof authToken !== "function") checkToken(authToken);
  checkConsistency(consistency);
  const { fetch = (url, init) => globalThis.fetch(url, init) } = options;
  checkFunction("fetch", fetch);
  checkFunction("rowFactory", rowFactory);
  if (intMode !== "number" && intMode !== "bigint") {
    throw new TypeError(`intMode must be "number" or "bigint"; got ${describeValue(intMode)}`);
  }
  const numbers = {} as Record<NumberOption, number>;
  for (const name of Object.keys(NUMBERS) as NumberOption[]) {
    const [fallback, min, max] = NUMBERS[name];
    numbers[name] = options[name] === undefined ? fallback : inRange(name, options[name], min, max);
  }
  const hooks = { name, onStatement, slowStatementMs, onWarning };
  return { authToken, consistency, rowFactory, intMode, fetch, trackLeases, ...hooks, ...numbers };
}

/** @throws {TypeError} for anything else. */
export function checkConsistency(value: unknown): asserts value is Consistency {
  if (CONSISTENCIES.includes(value as string)) return;
  throw new TypeError(
    `consistency must be "session", "strong" or "eventual"; got ${describeValue(value)}`,
  );
}

function inRange(name: string, value: unknown, min: number, max: number): number {
  const upTo = max === Infinity ? "up" : `to ${max}`;
  const message = `${name} must be a number from ${min} ${upTo}; got ${describeValue(value)}`;
  if (typeof value !== "number") throw new TypeError(message);
  if (!(value >= min && value <= max)) throw new RangeError(message);
  if (name === "maxTransactions" && !Number.isInteger(value)) throw new RangeError(message);
  return value;
}

/** @throws {TypeError | RangeError} that names the option. */
export function resolveEmbeddedOptions<R>(
  options: EmbeddedOptions<R>,
): Omit<EmbeddedOptions<R>, "syncUrl"> & { syncUrl: string; syncIntervalMs: number } {
  const { syncUrl, syncIntervalMs = Infinity, ...others } = options;
  refuseUnknownOptions(others, [
    ...["name", "authToken", "rowFactory", "intMode", "acquisitionTimeoutMs"],
    ...OBSERVATION_OPTION_NAMES,
  ]);
  resolveRemoteOptions(others);
  const { url, authToken } = serverUrl(syncUrl, "syncUrl");
  inRange("syncIntervalMs", syncIntervalMs, 1, Infinity);
  return { authToken, ...others, syncUrl: url.href, syncIntervalMs };
}
