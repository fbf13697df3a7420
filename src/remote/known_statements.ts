/**
 * What is known of statements by their text: what they are, and how long they take.
 *
 * @module
 */

import { classify } from "../sqlite/classify.ts";
import { misuse, SQLiteError } from "../sqlite/errors.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import { soleStatement, type Statement } from "../sqlite/scan.ts";
import { isWrite } from "../sqlite/statement_head.ts";
import { TextCache } from "../sqlite/text_cache.ts";

/** One that takes the server longer would keep those behind it in the same request. */
const SLOW_MS = 10;
/** How much the latest run counts. */
const WEIGHT = 0.2;

/** How a read travels. "new": nobody knows yet how long it takes. */
export type Pace = "new" | "quick" | "slow";

/** One statement. */
export class KnownStatement {
  readonly statement: Statement;
  #averageMs: number | undefined;

  constructor(statement: Statement) {
    this.statement = statement;
  }

  get pace(): Pace {
    if (this.#averageMs === undefined) return "new";
    return this.#averageMs > SLOW_MS ? "slow" : "quick";
  }

  /** The server has said how long it took; it does not for what it has passed on to another. */
  took(ms: number | undefined): void {
    if (ms === undefined || ms === 0) return;
    const before = this.#averageMs;
    // One that failed its neighbours stays alone.
    if (before === Infinity) return;
    this.#averageMs = before === undefined ? ms : before + (ms - before) * WEIGHT;
  }

  /** It made a whole request fail, so it travels alone from now on. */
  isolate(): void {
    this.#averageMs = Infinity;
  }

  /**
   * Lets through what only reads.
   *
   * @param method the method that was called.
   * @throws {SQLiteError} when it writes.
   */
  expectRead(method: string): void {
    const { verb, text } = this.statement;
    if (verb === "select" || verb === "explain") return;
    if (verb === "pragma" && classify(text).setting === undefined) return;
    throw new SQLiteError(
      `attempt to write a readonly database: db.${method}() only reads. Use db.run() or db.write().`,
      resultCode.READONLY,
    );
  }

  /** Whether it may run in a transaction with those of others, and gives nothing but counts. */
  get sharesCommit(): boolean {
    const { verb, returning } = this.statement;
    // Rows can make an answer unreadable, when all others have been committed with them.
    return isWrite(verb) && !returning;
  }

  /** @throws {SQLiteError} when it begins or ends a transaction. */
  expectNoTransaction(method: string): void {
    if (classify(this.statement.text).control === undefined) return;
    throw misuse(
      `db.${method}() takes no BEGIN, COMMIT, ROLLBACK or SAVEPOINT. Use db.write(async (tx) => ` +
        "...), which begins and commits for you.",
    );
  }
}

/** The statements of a database. */
export class KnownStatements {
  readonly #known = new TextCache<KnownStatement>();

  /** @throws {SQLiteError | TypeError} when the text is not exactly one statement. */
  of(sql: string): KnownStatement {
    const known = this.#known.get(sql);
    if (known !== undefined) return known;
    const found = new KnownStatement(soleStatement(sql));
    this.#known.set(sql, found);
    return found;
  }
}
