/** Servers for the conformance suite, which knows databases by the paths of their files. */

import type { DriverConnection } from "../../../mod.ts";
import type { ConformanceDriver } from "../../conformance/drivers.ts";
import { Sqld } from "./sqld.ts";

const SETTINGS = /^PRAGMA (journal_mode = WAL|busy_timeout = \d+)$/i;

/** The server of a path, for as long as there are connections to it. */
interface Opened {
  readonly server: Promise<Sqld>;
  connections: number;
}

/** A server for each path, and one for each database in memory. */
export class ServersByPath {
  readonly #opened = new Map<string, Opened>();
  /** Servers that nobody uses any longer: to clear one is quicker than to start another. */
  readonly #spare: Sqld[] = [];
  readonly #connections = new Set<DriverConnection>();
  #inMemory = 0;

  /** Connects to the server of a path. `closed` is called when the connection was closed. */
  async connect(
    path: string,
    connect: (url: string) => DriverConnection,
    closed: () => void = () => {},
  ): Promise<DriverConnection> {
    const key = path === ":memory:" ? `memory ${this.#inMemory++}` : path;
    let entry = this.#opened.get(key);
    if (entry === undefined) {
      this.#opened.set(key, entry = { server: this.#take(), connections: 0 });
    }
    entry.connections += 1;
    const server = await entry.server;
    const connection = connect(server.url);
    this.#connections.add(connection);
    const execute = connection.execute.bind(connection) as DriverConnection["execute"];
    // The server has these settings as the cases want them, and lets nobody change them.
    const nothing = { columns: [], rows: [], rowsAffected: 0, lastInsertRowid: undefined };
    connection.execute = (sql, ...rest) =>
      SETTINGS.test(sql) ? Promise.resolve(nothing) : execute(sql, ...rest);
    const close = connection.close.bind(connection);
    let closing: Promise<void> | undefined;
    connection.close = () =>
      closing ??= close().finally(() => {
        closed();
        entry.connections -= 1;
        // A file is there after the last connection to it.
        if (entry.connections > 0 || path !== ":memory:") return;
        this.#opened.delete(key);
        this.#spare.push(server);
      });
    return connection;
  }

  /** Closes what cases have left open, which would keep the process alive. */
  async end(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  async #take(): Promise<Sqld> {
    const server = this.#spare.pop();
    if (server === undefined) return await Sqld.start();
    await server.clear();
    return server;
  }
}

const refused = "the server refuses the statement";
const noFile = "the file is the server's";

/** Cases that no connection to a server passes. */
export const serverExceptions: NonNullable<ConformanceDriver["exceptions"]> = {
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
  "a conflict that rolls back ends the transaction":
    "a stream counts as open until it is rolled back, so that nobody takes it for committed",
};
