/**
 * Statements that a thread knows by number, so that their text is sent once.
 *
 * @module
 */

import { soleStatement, type Statement } from "../sqlite/scan.ts";
import { MOST_CHARACTERS_OF_A_TEXT, TextCache } from "../sqlite/text_cache.ts";

/** The weight of the last duration in the moving average. */
const WEIGHT = 0.25;

/**
 * The minimum estimate of a statement, which limits how many are in progress at once to a few
 * hundred.
 */
const LEAST_MS = 0.01;

/** The host's side of a statement. */
export class RemoteStatement {
  readonly id: number;
  readonly parsed: Statement;
  /** The columns of its last result. */
  columns: readonly string[] = [];
  /** Its expected duration in the thread, in milliseconds; unknown before its first run. */
  averageMs = 5;

  #runs = 0;

  constructor(id: number, parsed: Statement) {
    this.id = id;
    this.parsed = parsed;
  }

  /** Adds a duration to the average. */
  took(ms: number): void {
    const taken = Math.max(ms, LEAST_MS);
    this.averageMs = this.#runs++ === 0
      ? taken
      : this.averageMs + WEIGHT * (taken - this.averageMs);
  }
}

/** The most recently used statements by text. Both threads know the same ones. */
export class KnownStatements {
  readonly #statements: TextCache<RemoteStatement>;
  readonly #tellForgotten: (id: number) => void;
  /** Numbers that are free for reuse. */
  readonly #free: number[] = [];
  #numbers = 0;

  /** @param tellForgotten Tells the thread that a number is no longer in use. */
  constructor(tellForgotten: (id: number) => void) {
    this.#tellForgotten = tellForgotten;
    this.#statements = new TextCache((statement) => this.#forget(statement));
  }

  get(sql: string): RemoteStatement | undefined {
    return this.#statements.get(sql);
  }

  /**
   * Assigns a number to a statement, which must then be sent to the thread.
   *
   * @throws {SQLiteError} if the text is not exactly one statement.
   */
  add(sql: string): RemoteStatement {
    const parsed = soleStatement(sql);
    const statement = new RemoteStatement(this.#free.pop() ?? this.#numbers++, parsed);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Forgets a statement that is too long to be cached. Call this after each request. */
  used(sql: string, statement: RemoteStatement): void {
    if (sql.length > MOST_CHARACTERS_OF_A_TEXT) this.#forget(statement);
  }

  #forget({ id }: RemoteStatement): void {
    this.#tellForgotten(id);
    this.#free.push(id);
  }
}
