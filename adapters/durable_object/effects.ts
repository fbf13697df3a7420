/**
 * What the last statement of a Durable Object's database has changed, which its cursor does not
 * tell: it counts what it wrote to indexes too.
 *
 * @module
 */

import {
  type LastRowid,
  lastRowidQuery,
  saysNoRowid,
  toLastRowid,
  upsertInserted,
} from "../../src/driver/inserted_rowid.ts";
import type { Changes } from "../../src/driver/sync_handle.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";

/** So many statements and tables are known at a time, as on every connection. */
const MOST_KNOWN = 128;

const CHANGES = "SELECT changes(), CAST(last_insert_rowid() AS TEXT)";

/** Asks a database what has happened, right after it has. */
export class Effects {
  readonly #rowsOf: (text: string) => Iterator<unknown[]>;
  /** Whether tables have rowids, by their names in INSERTs. */
  readonly #rowidTables = new Map<string, boolean>();

  /** @param rowsOf Runs a statement of one row. */
  constructor(rowsOf: (text: string) => Iterator<unknown[]>) {
    this.#rowsOf = rowsOf;
  }

  /** What the last statement has changed. */
  read(): Changes {
    const [changes, text] = this.#row(CHANGES) as [number, string];
    const rowid = Number(text);
    return { changes, lastInsertRowid: Number.isSafeInteger(rowid) ? rowid : BigInt(text) };
  }

  /**
   * Whether a statement that was just run has made the last rowid.
   *
   * @param statement What its text tells.
   * @param changes What it has changed.
   * @param before What was known before it, if it is an upsert.
   */
  madeRowid(
    statement: Statement,
    { changes, lastInsertRowid }: Changes,
    before: LastRowid | undefined,
  ): boolean {
    const { target, upserts } = statement;
    if (changes === 0 || target === undefined) return false;
    if (upserts) {
      const existsNow = (): boolean => this.lastRowid(statement)?.exists === true;
      return before !== undefined && upsertInserted(before, lastInsertRowid, existsNow);
    }
    const known = this.#rowidTables.get(target);
    return known ?? remember(this.#rowidTables, target, this.lastRowid(statement) !== undefined);
  }

  /** The rowid made last; `undefined` for a table without rowids. */
  lastRowid({ target }: Statement): LastRowid | undefined {
    try {
      return toLastRowid(this.#row(lastRowidQuery(target!).text));
    } catch (error) {
      if (saysNoRowid(error)) return undefined;
      throw error;
    }
  }

  /** The schema may be another one now. */
  forgetTables(): void {
    this.#rowidTables.clear();
  }

  #row(text: string): SQLiteValue[] {
    const rows = this.#rowsOf(text);
    const { value } = rows.next() as IteratorYieldResult<unknown[]>;
    // To its end, so that it keeps no table from being dropped.
    rows.next();
    return value as SQLiteValue[];
  }
}

/** Keeps what is known of a text, among the last that were asked for. */
export function remember<V>(known: Map<string, V>, key: string, value: V): V {
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, value);
  return value;
}
