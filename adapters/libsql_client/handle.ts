/**
 * What is used of a handle of @libsql/client, and how one is recognised. It does not import the
 * adapter, so that handles are recognized before their adapter is loaded.
 *
 * @module
 */

import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { brandOf, hasMethods, read } from "../shape.ts";

/** The result of `execute` of @libsql/client. */
export interface LibsqlResult {
  /** The names of the columns. */
  readonly columns: string[];
  /** The rows, whose values also have indices. */
  readonly rows: ArrayLike<unknown>[];
  /** The number of rows inserted, updated or deleted. */
  readonly rowsAffected: number;
  /** The last inserted rowid. */
  readonly lastInsertRowid?: bigint;
}

/** What is used of a transaction of @libsql/client. */
export interface LibsqlTransaction {
  /** Whether it has ended. */
  readonly closed: boolean;
  /** Runs one statement. */
  execute(statement: { sql: string; args: SQLiteValue[] }): Promise<LibsqlResult>;
  /** Closes it, rolling back uncommitted changes. */
  close(): void;
}

/** What is used of a client of @libsql/client. */
export interface LibsqlClient {
  /** Runs one statement outside of transactions. */
  execute(statement: { sql: string; args: SQLiteValue[] }): Promise<LibsqlResult>;
  /** Begins a transaction. */
  transaction(mode: "write" | "deferred"): Promise<LibsqlTransaction>;
  /** Closes the client. */
  close(): void;
}

/**
 * Whether a value is a client of @libsql/client.
 *
 * @param value Any value.
 */
export function isLibsqlClient(value: unknown): value is LibsqlClient {
  return brandOf(value) === undefined && typeof read(value, "protocol") === "string" &&
    hasMethods(value, ["execute", "batch", "transaction", "executeMultiple", "close"]);
}
