/**
 * Statements that a thread knows by number, so that their text travels once.
 *
 * @module
 */

import { soleStatement, type Statement } from "../sqlite/scan.ts";

/** More than a connection keeps prepared, and little memory still. */
const MOST_STATEMENTS = 1_000;

/** The share of the last duration in the average. */
const WEIGHT = 0.25;

/** No statement counts for less, so that no more than some hundred are under way at once. */
const LEAST_MS = 0.01;

/** A statement as the host knows it. */
export class RemoteStatement {
  readonly id: number;
  readonly parsed: Statement;
  /** The columns of its last result. */
  columns: readonly string[] = [];
  /** What it takes in the thread, in milliseconds; before the first time it may be anything. */
  averageMs = 5;

  #runs = 0;

  constructor(id: number, parsed: Statement) {
    this.id = id;
    this.parsed = parsed;
  }

  /** Takes a duration into account. */
  took(ms: number): void {
    const taken = Math.max(ms, LEAST_MS);
    this.averageMs = this.#runs++ === 0
      ? taken
      : this.averageMs + WEIGHT * (taken - this.averageMs);
  }
}

/** The statements used last, by their text. */
export class KnownStatements {
  /** In the order of their definition. */
  readonly #statements = new Map<string, RemoteStatement>();

  get(sql: string): RemoteStatement | undefined {
    return this.#statements.get(sql);
  }

  /**
   * Numbers a statement; the thread has to be told.
   *
   * @throws {SQLiteError} There are several statements in it, or none.
   */
  add(sql: string): RemoteStatement {
    const parsed = soleStatement(sql);
    const statement = new RemoteStatement(this.#freeNumber(), parsed);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** The number of a statement that is forgotten serves again: requests before have been sent. */
  #freeNumber(): number {
    if (this.#statements.size < MOST_STATEMENTS) return this.#statements.size;
    const [[sql, { id }]] = this.#statements;
    this.#statements.delete(sql);
    return id;
  }
}
