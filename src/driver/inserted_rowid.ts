/**
 * Finds out whether the statement that has just run inserted the last rowid.
 *
 * SQLite keeps the value until the next insert: after an INSERT into a WITHOUT ROWID table, or an
 * upsert that updated, it belongs to an earlier statement on any table. Comparing it with the
 * previous value is not enough, since two tables often have the same rowids.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import { scanStatement, type Statement } from "../sqlite/scan.ts";
import type { SQLiteValue } from "../sqlite/types.ts";
import type { Prepared } from "./statement_cache.ts";
import type { Changes, SyncHandle, SyncStatement } from "./sync_handle.ts";

/** The last inserted rowid, and whether the table has a row with it. */
export interface LastRowid {
  /** The rowid. */
  readonly rowid: bigint;
  /** Whether the table has such a row. */
  readonly exists: boolean;
}

/**
 * Returns the query that reads a {@linkcode LastRowid}. It fails for a table without rowids. The
 * rowid is returned as text, which every driver reads exactly.
 *
 * @param target The table, as written in the INSERT.
 */
export function lastRowidQuery(target: string): Statement {
  return scanStatement(
    `SELECT CAST(last_insert_rowid() AS TEXT) AS "rowid", EXISTS (SELECT 1 FROM ${target} ` +
      'WHERE _rowid_ = last_insert_rowid()) AS "exists"',
  )!;
}

/**
 * Converts the single row of the query into a {@linkcode LastRowid}.
 *
 * @param row The values of the row.
 */
export function toLastRowid([rowid, exists]: readonly SQLiteValue[]): LastRowid {
  return { rowid: BigInt(rowid as string), exists: Number(exists) === 1 };
}

/**
 * Whether an error means that a table has no rowids.
 *
 * @param error What the driver threw for the query.
 */
export function saysNoRowid(error: unknown): boolean {
  return /no such column/i.test(messageOf(error));
}

/**
 * Whether an upsert inserted a row instead of only updating. Exact unless another process deletes
 * the row with the last rowid between `before` and the statement.
 *
 * @param before The state before the statement.
 * @param rowid The last rowid after the statement.
 * @param existsNow Checks whether the table now has a row with the last rowid.
 */
export function upsertInserted<E extends boolean | Promise<boolean>>(
  before: LastRowid,
  rowid: number | bigint,
  existsNow: () => E,
): boolean | E {
  if (BigInt(rowid) !== before.rowid) return true;
  // The row existed before, so an insert would have a different rowid.
  return before.exists ? false : existsNow();
}

/** The maximum number of tables remembered, each of which keeps a prepared statement. */
const MOST_TABLES = 128;

/** Asks a synchronous handle about rowids. */
export class RowidProbe {
  readonly #handle: SyncHandle;
  /** By table; `undefined` for one without rowids. */
  readonly #queries = new Map<string, SyncStatement | undefined>();

  /** @param handle The driver's handle. */
  constructor(handle: SyncHandle) {
    this.#handle = handle;
  }

  /**
   * Reads the state before an upsert; `undefined` for a table without rowids.
   *
   * @param statement The parsed statement.
   */
  beforeUpsert({ target }: Statement): LastRowid | undefined {
    return target === undefined ? undefined : this.#read(target);
  }

  /**
   * Whether the statement that has just run inserted the last rowid.
   *
   * @param prepared The statement.
   * @param changes The changes it made.
   * @param before The state before it, if it is an upsert.
   */
  made(prepared: Prepared, changes: Changes, before: LastRowid | undefined): boolean {
    const { target, upserts } = prepared.statement;
    if (changes.changes === 0 || target === undefined) return false;
    try {
      if (!upserts) return prepared.makesRowid ??= this.#query(target) !== undefined;
      return before !== undefined &&
        upsertInserted(before, changes.lastInsertRowid, () => this.#read(target)?.exists === true);
    } catch {
      // The statement has taken effect and must not be reported as failed.
      return true;
    }
  }

  /** Frees the statements because the schema may have changed. */
  clear(): void {
    for (const query of this.#queries.values()) query?.finalize();
    this.#queries.clear();
  }

  #read(target: string): LastRowid | undefined {
    const row = this.#query(target)?.first([], true);
    return row && toLastRowid(row);
  }

  #query(target: string): SyncStatement | undefined {
    if (this.#queries.has(target)) return this.#queries.get(target);
    if (this.#queries.size >= MOST_TABLES) this.clear();
    const query = this.#prepare(target);
    this.#queries.set(target, query);
    return query;
  }

  #prepare(target: string): SyncStatement | undefined {
    try {
      return this.#handle.prepare(lastRowidQuery(target));
    } catch (error) {
      if (saysNoRowid(error)) return undefined;
      throw error;
    }
  }
}
