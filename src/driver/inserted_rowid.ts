/**
 * Whether the rowid that SQLite calls the last one was made by the statement that was just run.
 *
 * SQLite keeps it until the next one is made: after an INSERT into a table WITHOUT ROWID, and
 * after an upsert that updated, it is that of an earlier statement, on any table. To compare it
 * with the one before does not tell, as two tables often give the same.
 *
 * @module
 */

import { messageOf } from "../platform/describe.ts";
import { scanStatement, type Statement } from "../sqlite/scan.ts";
import type { SQLiteValue } from "../sqlite/types.ts";
import type { Prepared } from "./statement_cache.ts";
import type { Changes, SyncHandle, SyncStatement } from "./sync_handle.ts";

/** The rowid made last, and whether the table has a row of that rowid. */
export interface LastRowid {
  /** The rowid. */
  readonly rowid: bigint;
  /** Whether the table has such a row. */
  readonly exists: boolean;
}

/**
 * The statement that reads a {@linkcode LastRowid}. SQLite refuses it for a table without rowids.
 * The rowid comes as text, which every driver reads exactly.
 *
 * @param target The table, as the text of an INSERT has it.
 */
export function lastRowidQuery(target: string): Statement {
  return scanStatement(
    `SELECT CAST(last_insert_rowid() AS TEXT) AS "rowid", EXISTS (SELECT 1 FROM ${target} ` +
      'WHERE _rowid_ = last_insert_rowid()) AS "exists"',
  )!;
}

/**
 * Makes a {@linkcode LastRowid} of the one row that the query gives.
 *
 * @param row Its values.
 */
export function toLastRowid([rowid, exists]: readonly SQLiteValue[]): LastRowid {
  return { rowid: BigInt(rowid as string), exists: Number(exists) === 1 };
}

/**
 * Whether an error says that a table has no rowids.
 *
 * @param error What the driver threw for the query.
 */
export function saysNoRowid(error: unknown): boolean {
  return /no such column/i.test(messageOf(error));
}

/**
 * Whether an upsert inserted, and not only updated: exact unless another process removes the very
 * row that had the last rowid, right between `before` and the statement.
 *
 * @param before What was so before it.
 * @param rowid The last rowid after it.
 * @param existsNow Asks whether the table has a row of the last rowid now.
 */
export function upsertInserted<E extends boolean | Promise<boolean>>(
  before: LastRowid,
  rowid: number | bigint,
  existsNow: () => E,
): boolean | E {
  if (BigInt(rowid) !== before.rowid) return true;
  // The row was there: what is inserted beside it gets another rowid.
  return before.exists ? false : existsNow();
}

/** So many tables are known at a time: each keeps a prepared statement. */
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
   * What has to be known before an upsert runs; `undefined` for a table without rowids.
   *
   * @param statement What its text tells.
   */
  beforeUpsert({ target }: Statement): LastRowid | undefined {
    return target === undefined ? undefined : this.#read(target);
  }

  /**
   * Whether a statement that was just run has made the last rowid.
   *
   * @param prepared The statement.
   * @param changes What it has changed.
   * @param before What was known before it, if it is an upsert.
   */
  made(prepared: Prepared, changes: Changes, before: LastRowid | undefined): boolean {
    const { target, upserts } = prepared.statement;
    if (changes.changes === 0 || target === undefined) return false;
    try {
      if (!upserts) return prepared.makesRowid ??= this.#query(target) !== undefined;
      return before !== undefined &&
        upsertInserted(before, changes.lastInsertRowid, () => this.#read(target)?.exists === true);
    } catch {
      // The statement has taken effect: that must not be told as a failure.
      return true;
    }
  }

  /** Frees the statements: the schema may be another one now. */
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
