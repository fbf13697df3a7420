/**
 * The driver `@libsql/client`, for databases in files and, over HTTP or WebSocket, on servers.
 *
 * @example
 * ```ts
 * import { createClient } from "@libsql/client";
 * import { adaptLibsql } from "@sqlitepool/pool/libsql";
 *
 * const client = createClient({ url: "file:app.db", intMode: "bigint", concurrency: 1 });
 * const conn = adaptLibsql(client);
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import { messageOf } from "../../src/platform/describe.ts";
import { misuse } from "../../src/sqlite/errors.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverConnection } from "../../src/driver/connection.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import {
  AsyncDriverConnection,
  type AsyncHandle,
  type Outcome,
} from "../../src/driver/async_connection.ts";
import type { DriverLimit } from "../limits.ts";
import { asInteger } from "../native_values.ts";
import type { AdaptOptions } from "../options.ts";
import { read } from "../shape.ts";

import type { LibsqlClient, LibsqlResult, LibsqlTransaction } from "./handle.ts";

import { RemoteClientHandle } from "./remote_client.ts";
import { expectBigints, valuesOf } from "./result.ts";

export { isLibsqlClient } from "./handle.ts";
export { libsqlRemoteLimits } from "./remote_client.ts";
export type { LibsqlClient, LibsqlResult, LibsqlTransaction } from "./handle.ts";

/** What the driver cannot do with files; see {@linkcode libsqlRemoteLimits} for servers. */
export const libsqlLimits: readonly DriverLimit[] = [
  ...["nul-text", "infinity", "exclusive", "savepoint", "streaming", "interrupt"] as const,
];

/**
 * Creates a connection from a client of @libsql/client: one client for each connection.
 *
 * @param client A client made with `intMode: "bigint"`: only so is there a difference between
 *   INTEGER and REAL. The connection closes it.
 * @param options How the connection behaves.
 * @throws {TypeError} An option is not one of the allowed values.
 *
 * @example
 * ```ts
 * import { createClient } from "@libsql/client";
 * import { adaptLibsql } from "@sqlitepool/pool/libsql";
 *
 * const conn = adaptLibsql(createClient({ url: "file:app.db", intMode: "bigint" }));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptLibsql(
  client: LibsqlClient,
  options: Pick<AdaptOptions, "intMode"> = {},
): DriverConnection {
  const isLocal = read(client, "protocol") === "file";
  const handle = isLocal ? new ClientHandle(client) : new RemoteClientHandle(client);
  return new AsyncDriverConnection(handle, options);
}

class ClientHandle implements AsyncHandle {
  readonly raw: LibsqlClient;
  readonly library = "libsql";
  readonly closesLate = true;
  readonly nulText: NulText = "refused";
  readonly inTransactionIsCertain: boolean = true;
  #transaction: LibsqlTransaction | undefined;
  #checked = false;

  constructor(raw: LibsqlClient) {
    this.raw = raw;
  }

  get inTransaction(): boolean {
    return this.#transaction?.closed === false;
  }

  refuse(value: SQLiteValue): string | undefined {
    return value === Infinity || value === -Infinity
      ? "is infinite, which @libsql/client does not accept"
      : undefined;
  }

  async run(statement: Statement, values: SQLiteValue[]): Promise<Outcome> {
    if (!this.#checked) {
      await expectBigints(this.raw);
      this.#checked = true;
    }
    try {
      return await this.#dispatch(statement, values.map(asInteger));
    } finally {
      this.#settle();
    }
  }

  async close(): Promise<void> {
    this.#transaction?.close();
    this.raw.close();
  }

  resultCodeOf(error: unknown): number | undefined {
    // The error of a write that an embedded replica forwarded to its server; its other fields say
    // "1".
    const [, remote] = /RemoteSqliteFailure\(\d+, (\d+),/.exec(messageOf(error)) ?? [];
    if (remote !== undefined) return Number(remote);
    const { rawCode } = error as { rawCode?: unknown };
    return typeof rawCode === "number" ? rawCode : undefined;
  }

  async #dispatch(statement: Statement, args: SQLiteValue[]): Promise<Outcome> {
    const { text, verb, returning } = statement;
    if (this.#transaction === undefined) {
      if (verb === "begin") return this.#begin(text);
      // The client rolls back any transaction that a call leaves open.
      if (verb === "savepoint") {
        throw misuse("this driver supports savepoints only inside a transaction");
      }
    }
    const result = await this.#execute(text, args);
    const exact = !returning && Number.isSafeInteger(Number(result.lastInsertRowid ?? 0));
    const changes = exact
      ? { changes: result.rowsAffected, lastInsertRowid: result.lastInsertRowid ?? 0 }
      : await this.#lastChanges();
    return { columns: result.columns, rows: result.rows.map(valuesOf), ...changes };
  }

  async #begin(text: string): Promise<Outcome> {
    if (/exclusive/i.test(text)) {
      throw misuse("@libsql/client does not support exclusive transactions: use BEGIN IMMEDIATE");
    }
    this.#transaction = await this.raw.transaction(/immediate/i.test(text) ? "write" : "deferred");
    return { columns: [], rows: [], changes: 0, lastInsertRowid: 0 };
  }

  #execute(sql: string, args: SQLiteValue[]): Promise<LibsqlResult> {
    return (this.#transaction ?? this.raw).execute({ sql, args });
  }

  async #lastChanges(): Promise<Omit<Outcome, "columns" | "rows">> {
    const { rows } = await this.#execute("SELECT changes(), last_insert_rowid()", []);
    const [changes, lastInsertRowid] = valuesOf(rows[0]) as bigint[];
    return { changes: Number(changes), lastInsertRowid };
  }

  /** An ended transaction must return its connection to the client. */
  #settle(): void {
    if (this.#transaction?.closed !== true) return;
    this.#transaction.close();
    this.#transaction = undefined;
  }
}
