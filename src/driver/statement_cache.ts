/**
 * Prepared statements, kept for their next use.
 *
 * @module
 */

import type { Statement } from "../sqlite/scan.ts";
import type { SyncStatement } from "./sync_handle.ts";

/** A statement of the driver with what its text tells. */
export interface Prepared {
  /** The text it was asked for by. */
  readonly sql: string;
  /** What the text tells. */
  readonly statement: Statement;
  /** The driver's statement. */
  readonly driver: SyncStatement;
  /** The names of its result columns, as they were read last; `undefined` before they are known. */
  columns: readonly string[] | undefined;
  /** Whether it has to be run as one that gives rows. */
  readonly givesRows: boolean;
  /** Whether what it inserts gets a rowid; `undefined` before that is known. */
  makesRowid: boolean | undefined;
  /** Whether it may be run again without harm, and stopped after its first row. */
  readonly repeatable: boolean;
  /** Whether its integers have to be read exactly, which takes longer. */
  exact: boolean;
  /** The schema that its column names were read under, as {@linkcode StatementCache} counts. */
  readonly generation: number;
}

/**
 * How many statements a connection keeps without being told: as many as Python's sqlite3, more
 * than most programs have, and at 1 to 5 KB each still little for a pool of connections.
 */
export const defaultStatementCacheSize = 128;

/**
 * The statements a connection has used last, by their text.
 *
 * `take` hands a statement out for longer than one call; until it is given back, the same text
 * gets another one.
 */
export class StatementCache {
  readonly #limit: number;
  /** In the order of their last use. */
  readonly #statements = new Map<string, Prepared>();
  #newest: Prepared | undefined;
  #generation = 0;

  /**
   * @param limit How many statements to keep; 0 keeps none.
   * @throws {RangeError} The limit is not a whole number of at least 0.
   */
  constructor(limit: number = defaultStatementCacheSize) {
    if (!Number.isSafeInteger(limit) || limit < 0) {
      throw new RangeError(
        `statementCacheSize must be a whole number of at least 0, got ${String(limit)}`,
      );
    }
    this.#limit = limit;
  }

  /** How many statements are kept now. */
  get size(): number {
    return this.#statements.size;
  }

  /** Goes up whenever statements made before should not be kept any more. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Finds a statement, which stays in the cache.
   *
   * @param sql The text it was kept by.
   */
  get(sql: string): Prepared | undefined {
    const newest = this.#newest;
    if (newest !== undefined && newest.sql === sql) return newest;
    const found = this.#statements.get(sql);
    if (found !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, found);
      this.#newest = found;
    }
    return found;
  }

  /**
   * Finds a statement and removes it from the cache.
   *
   * @param sql The text it was kept by.
   */
  take(sql: string): Prepared | undefined {
    const found = this.#statements.get(sql);
    if (found !== undefined) this.#remove(found);
    return found;
  }

  /**
   * Keeps a statement for later, or finalizes it where that makes no sense.
   *
   * @param prepared A statement that is not in the cache.
   */
  give(prepared: Prepared): void {
    const superfluous = this.#limit === 0 || prepared.generation !== this.#generation ||
      this.#statements.has(prepared.sql);
    if (superfluous) return prepared.driver.finalize();
    if (this.#statements.size === this.#limit) this.#evictOldest();
    this.#statements.set(prepared.sql, prepared);
    this.#newest = prepared;
  }

  /** Finalizes all statements, those that are yet to be given back too. */
  clear(): void {
    this.#generation++;
    for (const prepared of [...this.#statements.values()]) this.#discard(prepared);
  }

  #evictOldest(): void {
    const [oldest] = this.#statements.values();
    this.#discard(oldest);
  }

  #discard(prepared: Prepared): void {
    this.#remove(prepared);
    prepared.driver.finalize();
  }

  #remove(prepared: Prepared): void {
    this.#statements.delete(prepared.sql);
    if (this.#newest === prepared) this.#newest = undefined;
  }
}
