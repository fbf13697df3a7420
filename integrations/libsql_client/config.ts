/**
 * The configuration of `@libsql/client`, as options of `openDatabase`.
 *
 * @module
 */

import type { Config, IntMode } from "@libsql/client";
import {
  type Database,
  type Fetch,
  openDatabase,
  type RemoteUrl,
  type SQLiteValue,
} from "../../mod.ts";
import { LibsqlError } from "./errors.ts";

/** What is known of a configuration before anything is opened. */
export interface Place {
  readonly protocol: "file" | "http";
  readonly intMode: IntMode;
  open(): Promise<Database<SQLiteValue[]>>;
}

const SERVER = /^(libsql|https?|wss?):/i;
const INT_MODES: readonly unknown[] = ["number", "bigint", "string"];
/** Options that `createClient` of `@libsql/client` has, and this one has no use for. */
const UNSUPPORTED: readonly (keyof Config)[] = ["encryptionKey", "remoteEncryptionKey", "offline"];

/**
 * Checks a configuration.
 *
 * @throws {LibsqlError} for a URL that cannot be opened, with the code of `@libsql/client`.
 * @throws {TypeError} for what is no configuration.
 */
export function placeOf(config: Config): Place {
  if (typeof config !== "object" || config === null) {
    throw new TypeError(`Expected client configuration as object, got ${typeof config}`);
  }
  const { url, intMode = "number" } = config;
  if (typeof url !== "string") {
    throw new LibsqlError(`The url of a client must be a string, got ${typeof url}`, "URL_INVALID");
  }
  if (!INT_MODES.includes(intMode)) {
    const expected = '"number", "bigint" or "string"';
    const got = JSON.stringify(intMode);
    throw new TypeError(`Invalid value for intMode, expected ${expected}, got ${got}`);
  }
  for (const option of UNSUPPORTED) {
    if (config[option] === undefined) continue;
    throw new LibsqlError(`This client does not support ${option}`, "OPTION_NOT_SUPPORTED");
  }
  if (SERVER.test(url)) {
    checkServerUrl(url, config.tls);
    return { protocol: "http", intMode, open: () => openServer(config) };
  }
  if (url === ":memory:" || /^file:/i.test(url)) {
    return { protocol: "file", intMode, open: () => openFile(config) };
  }
  throw new LibsqlError(
    'The client supports only "libsql:", "wss:", "ws:", "https:", "http:" and "file:" URLs, got ' +
      JSON.stringify(url.replace(/:.*/s, ":")),
    "URL_SCHEME_NOT_SUPPORTED",
  );
}

/** What `openDatabase` would refuse later, with the code that the tools of `@libsql/client` know. */
function checkServerUrl(url: string, tlsOption: boolean | undefined): void {
  const { protocol, port, searchParams } = parsed(url);
  for (const name of searchParams.keys()) {
    if (name === "tls" || name === "authToken") continue;
    const shown = JSON.stringify(name);
    throw new LibsqlError(`Unsupported URL query parameter ${shown}`, "URL_PARAM_NOT_SUPPORTED");
  }
  const asked = searchParams.get("tls");
  if (asked !== null && asked !== "0" && asked !== "1") {
    throw new LibsqlError(
      `Unknown value for the "tls" query argument: ${JSON.stringify(asked)}`,
      "URL_INVALID",
    );
  }
  const tls = asked === null ? tlsOption : asked === "1";
  if (tls === undefined) return;
  const fixed = { "https:": true, "wss:": true, "http:": false, "ws:": false }[protocol];
  if (fixed !== undefined && fixed !== tls) {
    throw new LibsqlError(
      `A ${protocol} URL ${fixed ? "always" : "never"} uses TLS: leave tls out`,
      "URL_INVALID",
    );
  }
  if (!tls && protocol === "libsql:" && port === "") {
    throw new LibsqlError(
      'A "libsql:" URL without TLS must specify an explicit port',
      "URL_INVALID",
    );
  }
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new LibsqlError(`The URL ${JSON.stringify(url)} is not valid`, "URL_INVALID");
  }
}

/** Values as arrays with every integer exact: the client makes its rows from them. */
const ROWS = { intMode: "bigint", rowFactory: (values: SQLiteValue[]) => values } as const;

function openFile(config: Config): Promise<Database<SQLiteValue[]>> {
  const { url, syncUrl, authToken = "", syncInterval = 0, concurrency, timeout } = config;
  if (syncUrl !== undefined) {
    const syncIntervalMs = syncInterval * 1_000;
    return openDatabase(url, { ...ROWS, syncUrl, authToken, syncIntervalMs });
  }
  // To the client's in-memory URL belong parameters that mean nothing here.
  const location = /^file::memory:/i.test(url) ? ":memory:" : url;
  return openDatabase(location, {
    ...ROWS,
    ...(concurrency && { readers: concurrency }),
    ...(timeout !== undefined && { busyTimeoutMs: timeout }),
  });
}

function openServer({ url, authToken, tls, fetch }: Config): Promise<Database<SQLiteValue[]>> {
  const location = tls === false ? url.replace(/^libsql:/i, "http:") : url;
  return openDatabase(location as RemoteUrl, {
    ...ROWS,
    ...(authToken !== undefined && { authToken }),
    ...(fetch && { fetch: fetch as Fetch }),
  });
}
