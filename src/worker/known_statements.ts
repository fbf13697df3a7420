/**
 * Statements that a thread knows by number, so that their text travels once.
 *
 * @module
 */

import { soleStatement, type Statement } from "../sqlite/scan.ts";
import { MOST_CHARACTERS_OF_A_TEXT, TextCache } from "../sqlite/text_cache.ts";

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

/** The statements used last, by their text. Both sides of the wire know the same ones. */
export class KnownStatements {
  readonly #statements: TextCache<RemoteStatement>;
  readonly #tellForgotten: (id: number) => void;
  /** Numbers that stand for nothing any more. */
  readonly #free: number[] = [];
  #numbers = 0;

  /** @param tellForgotten Tells the thread that a number stands for nothing any more. */
  constructor(tellForgotten: (id: number) => void) {
    this.#tellForgotten = tellForgotten;
    this.#statements = new TextCache((statement) => this.#forget(statement));
  }

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
    const statement = new RemoteStatement(this.#free.pop() ?? this.#numbers++, parsed);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Ends the use of a statement that is too long to be kept: to be told after each request. */
  used(sql: string, statement: RemoteStatement): void {
    if (sql.length > MOST_CHARACTERS_OF_A_TEXT) this.#forget(statement);
  }

  #forget({ id }: RemoteStatement): void {
    this.#tellForgotten(id);
    this.#free.push(id);
  }
}
