/**
 * What is used of a handle of @libsql/client, and how one is recognised. It imports nothing of the
 * adapter, so that a handle can be told before its adapter is loaded.
 *
 * @module
 */

import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { brandOf, hasMethods, read } from "../shape.ts";

/** What `execute` of @libsql/client gives. */
export interface LibsqlResult {
  /** The names of the columns. */
  readonly columns: string[];
  /** The rows, whose values have indices too. */
  readonly rows: ArrayLike<unknown>[];
  /** Rows inserted, updated or deleted. */
  readonly rowsAffected: number;
  /** The rowid inserted last. */
  readonly lastInsertRowid?: bigint;
}

/** What is used of a transaction of @libsql/client. */
export interface LibsqlTransaction {
  /** Whether it has ended. */
  readonly closed: boolean;
  /** Runs one statement. */
  execute(statement: { sql: string; args: SQLiteValue[] }): Promise<LibsqlResult>;
  /** Ends it, and rolls back what was not committed. */
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
 * Whether something is a client of @libsql/client.
 *
 * @param value Anything.
 */
export function isLibsqlClient(value: unknown): value is LibsqlClient {
  return brandOf(value) === undefined && typeof read(value, "protocol") === "string" &&
    hasMethods(value, ["execute", "batch", "transaction", "executeMultiple", "close"]);
}
