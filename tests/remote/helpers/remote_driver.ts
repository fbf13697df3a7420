/** A server for each database of the conformance suite, and a stream for each connection. */

import type { DriverConnection } from "../../../mod.ts";
import { systemEnvironment } from "../../../src/platform/clock.ts";
import { AsyncDriverConnection } from "../../../src/driver/async_connection.ts";
import { Cluster } from "../../../src/remote/cluster.ts";
import { remoteLimits } from "../../../src/remote/limits.ts";
import { Stream } from "../../../src/remote/stream.ts";
import type { ConformanceDriver } from "../../conformance/drivers.ts";
import { noServers, Sqld } from "./sqld.ts";

const SETTINGS = /^PRAGMA (journal_mode = WAL|busy_timeout = \d+)$/i;

/** The server of a path, for as long as there are connections to it. */
interface Opened {
  readonly server: Promise<Sqld>;
  connections: number;
}

const opened = new Map<string, Opened>();
/** Servers that nobody uses any longer: to clear one is quicker than to start another. */
const spare: Sqld[] = [];

async function takeServer(): Promise<Sqld> {
  const server = spare.pop();
  if (server === undefined) return await Sqld.start();
  await server.clear();
  return server;
}

async function openStream(path: string, intMode: "number" | "bigint"): Promise<DriverConnection> {
  const key = path === ":memory:" ? Symbol().toString() + Math.random() : path;
  let entry = opened.get(key);
  if (entry === undefined) opened.set(key, entry = { server: takeServer(), connections: 0 });
  entry.connections += 1;
  const server = await entry.server;
  const environment = systemEnvironment;
  const { clock } = environment;
  const cluster = new Cluster(
    { primary: new URL(server.url), replicas: [] },
    { environment, fetch, authToken: undefined, probeMs: 1_000 },
    250,
  );
  const stream = new Stream(cluster, {
    intMode,
    timeoutMs: 10_000,
    busyTimeoutMs: 5_000,
    now: () => clock.now(),
  });
  const connection = new AsyncDriverConnection(stream, { intMode });
  const execute = connection.execute.bind(connection) as DriverConnection["execute"];
  // The server has these settings as the cases want them, and lets nobody change them.
  const nothing = { columns: [], rows: [], rowsAffected: 0, lastInsertRowid: undefined };
  connection.execute = (sql, ...rest) =>
    SETTINGS.test(sql) ? Promise.resolve(nothing) : execute(sql, ...rest);
  const close = connection.close.bind(connection);
  let closing: Promise<void> | undefined;
  connection.close = () =>
    closing ??= close().finally(async () => {
      cluster.close();
      entry.connections -= 1;
      // A file is there after the last connection to it.
      if (entry.connections > 0 || path !== ":memory:") return;
      opened.delete(key);
      spare.push(server);
    });
  return connection;
}

const refused = "the server refuses the statement";
const noFile = "the file is the server's";

export const remote: ConformanceDriver = {
  name: "remote",
  unavailable: noServers,
  limits: remoteLimits,
  exceptions: {
    "rowsAffected and lastInsertRowid of ANALYZE": refused,
    "rowsAffected and lastInsertRowid of VACUUM": refused,
    "rowsAffected and lastInsertRowid of ATTACH ':memory:' AS other": refused,
    "a write while query_only is on: SQLITE_READONLY": refused,
    "a full database: SQLITE_FULL": refused,
    "a corrupt file: SQLITE_CORRUPT": noFile,
    "a file that is no database: SQLITE_NOTADB": noFile,
    "a directory that does not exist: SQLITE_CANTOPEN": noFile,
    "two writers: SQLITE_BUSY, and it works once the first has ended":
      "writers queue in the server, up to its time limit for transactions",
    "the driver's error is the cause": "there is no driver that throws errors",
    "a conflict that rolls back ends the transaction":
      "a stream counts as open until it is rolled back, so that nobody takes it for committed",
  },
  open: (path, { intMode = "number" }) => openStream(path, intMode),
};
