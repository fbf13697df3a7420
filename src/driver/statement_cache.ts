/**
 * A cache of prepared statements.
 *
 * @module
 */

import type { Statement } from "../sqlite/scan.ts";
import type { SyncStatement } from "./sync_handle.ts";

/** A prepared statement of the driver with what is known from its text. */
export interface Prepared {
  /** The SQL text as the caller wrote it. */
  readonly sql: string;
  /** The parsed text. */
  readonly statement: Statement;
  /** The driver's statement. */
  readonly driver: SyncStatement;
  /** The result column names as last read; `undefined` until they are known. */
  columns: readonly string[] | undefined;
  /** Whether it must be run as a statement that returns rows. */
  readonly givesRows: boolean;
  /** Whether its table has rowids; `undefined` until that is known. */
  makesRowid: boolean | undefined;
  /** Whether it can safely be run again, or stopped after its first row. */
  readonly repeatable: boolean;
  /** Whether its integers must be read exactly, which is slower. */
  exact: boolean;
  /** The schema generation in which its column names were read; see {@linkcode StatementCache}. */
  readonly generation: number;
}

/**
 * The default cache size per connection: the same as Python's sqlite3, more than most programs
 * need, and at 1 to 5 KB per statement still little memory.
 */
export const defaultStatementCacheSize = 128;

/**
 * The most recently used statements of a connection, by text.
 *
 * `take` removes a statement for longer than one call; until it is returned, the same text gets
 * another statement.
 */
export class StatementCache {
  readonly #limit: number;
  /** In order of last use. */
  readonly #statements = new Map<string, Prepared>();
  #newest: Prepared | undefined;
  #generation = 0;

  /**
   * @param limit The maximum number of statements; 0 disables the cache.
   * @throws {RangeError} if the limit is not a whole number of at least 0.
   */
  constructor(limit: number = defaultStatementCacheSize) {
    if (!Number.isSafeInteger(limit) || limit < 0) {
      throw new RangeError(
        `statementCacheSize must be a whole number of at least 0, got ${String(limit)}`,
      );
    }
    this.#limit = limit;
  }

  /** The number of cached statements. */
  get size(): number {
    return this.#statements.size;
  }

  /** Incremented whenever statements prepared earlier must no longer be cached. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Finds a statement and leaves it in the cache.
   *
   * @param sql The SQL text.
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
   * @param sql The SQL text.
   */
  take(sql: string): Prepared | undefined {
    const found = this.#statements.get(sql);
    if (found !== undefined) this.#remove(found);
    return found;
  }

  /**
   * Caches a statement, or finalizes it if it must not be cached.
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

  /** Finalizes all statements, including those still to be returned. */
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
