/**
 * Row by row iteration for drivers whose iterator does not distinguish a failed statement from one
 * that has ended.
 *
 * @module
 */

import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { cursorOver, type SyncCursor } from "../../src/driver/sync_handle.ts";
import type { NodeSqliteStatement } from "./handle.ts";

type Prepare = (sql: string) => NodeSqliteStatement;

/** A SELECT followed by a row that marks its end. */
export class CheckedStatement {
  readonly #text: string;
  readonly #named: boolean;
  readonly #prepare: Prepare;
  #streaming: { readonly statement: NodeSqliteStatement; readonly width: number } | undefined;

  /**
   * @param text The SELECT.
   * @param named Whether it has named parameters.
   * @param prepare Prepares a statement on its handle.
   */
  constructor(text: string, named: boolean, prepare: Prepare) {
    this.#text = text;
    this.#named = named;
    this.#prepare = prepare;
  }

  /**
   * Runs the statement.
   *
   * @param args The arguments for its parameters.
   * @param readAll Reads all rows at once and throws if that fails.
   * @param onColumns Receives the column names with the first row.
   */
  iterate(
    args: unknown[],
    readAll: () => SQLiteValue[][],
    onColumns: (names: readonly string[]) => void,
  ): SyncCursor {
    const statement = this.#open();
    // Some SELECTs cannot be nested in another one, such as those with very many columns.
    if (statement === undefined) return cursorOver(readAll());
    const rows = statement.iterate(...args) as Iterator<SQLiteValue[]>;
    return new CheckedCursor(rows, {
      readAll,
      // Deno does not reset the statement, so its next use would fail without a message.
      onThrow: () => this.#streaming = undefined,
      onFirst: () => onColumns(this.#columns()),
      failure: (count) => this.#failure(args, count),
    });
  }

  #columns(): string[] {
    return this.#prepare(this.#text).columns().map(({ name }) => name);
  }

  #open(): NodeSqliteStatement | undefined {
    try {
      const width = this.#columns().length;
      if (this.#streaming?.width !== width) {
        const nulls = "NULL, ".repeat(width);
        const sql = `SELECT *, 0 FROM (${this.#text}\n) UNION ALL SELECT ${nulls}1`;
        this.#streaming = { statement: this.#set(this.#prepare(sql)), width };
      }
      return this.#streaming.statement;
    } catch {
      return undefined;
    }
  }

  #set(statement: NodeSqliteStatement): NodeSqliteStatement {
    statement.setReturnArrays!(true);
    statement.setReadBigInts(true);
    if (this.#named) statement.setAllowBareNamedParameters(false);
    return statement;
  }

  /** The error of the row after `count` others. */
  #failure(args: unknown[], count: number): unknown {
    try {
      const sql = `SELECT * FROM (${this.#text}\n) LIMIT 1 OFFSET ${count}`;
      this.#set(this.#prepare(sql)).all(...args);
    } catch (error) {
      return error;
    }
    return new Error(`the statement failed after ${count} rows; the driver does not say why`);
  }
}

interface Checks {
  onThrow(): void;
  readAll(): SQLiteValue[][];
  onFirst(): void;
  failure(count: number): unknown;
}

class CheckedCursor implements SyncCursor {
  readonly #checks: Checks;
  #rows: Iterator<SQLiteValue[]> | undefined;
  /** Takes over if not even the first row could be read, for example after a schema change. */
  #instead: SyncCursor | undefined;
  #count = 0;

  constructor(rows: Iterator<SQLiteValue[]>, checks: Checks) {
    this.#rows = rows;
    this.#checks = checks;
  }

  next(): SQLiteValue[] | undefined {
    if (this.#rows === undefined) return this.#instead?.next();
    const { done, value } = this.#readFrom(this.#rows);
    if (done) return this.#endEarly();
    const isLast = value.pop() === 1n;
    if (isLast) {
      this.close();
      return undefined;
    }
    if (this.#count++ === 0) this.#checks.onFirst();
    return value;
  }

  close(): void {
    this.#rows?.return?.();
    this.#rows = undefined;
    this.#instead?.close();
  }

  #readFrom(rows: Iterator<SQLiteValue[]>): IteratorResult<SQLiteValue[]> {
    try {
      return rows.next();
    } catch (error) {
      this.#checks.onThrow();
      throw error;
    }
  }

  #endEarly(): SQLiteValue[] | undefined {
    this.close();
    if (this.#count > 0) throw this.#checks.failure(this.#count);
    this.#instead = cursorOver(this.#checks.readAll());
    return this.#instead.next();
  }
}
