/**
 * An interactive transaction of `@libsql/client`, on a leased connection.
 *
 * @module
 */

import type { InArgs, InStatement, ResultSet, Transaction } from "@libsql/client";
import type { PooledConnection } from "../../mod.ts";
import { LibsqlBatchError, libsqlError, transactionIsClosed, translated } from "./errors.ts";
import { type Statement, statementOf } from "./values.ts";

/** Holds its connection until it is committed, rolled back or closed. */
export class LeasedTransaction implements Transaction {
  readonly #connection: PooledConnection<unknown>;
  readonly #runAll: (statements: readonly Statement[]) => Promise<ResultSet[]>;
  #state: "open" | "over" = "open";

  /** @internal `client.transaction()` makes transactions. */
  constructor(
    connection: PooledConnection<unknown>,
    runAll: (statements: readonly Statement[]) => Promise<ResultSet[]>,
  ) {
    this.#connection = connection;
    this.#runAll = runAll;
  }

  /** Whether it is over, also because SQLite has ended it. */
  get closed(): boolean {
    return this.#state === "over" || !this.#connection.inTransaction;
  }

  async execute(statement: InStatement, args?: InArgs): Promise<ResultSet> {
    this.#expectOpen();
    try {
      const [result] = await this.#runAll([statementOf(statement, args)]);
      return result;
    } catch (error) {
      throw error instanceof LibsqlBatchError ? libsqlError(error.cause) : error;
    }
  }

  async batch(statements: (InStatement | [string, InArgs?])[]): Promise<ResultSet[]> {
    this.#expectOpen();
    return await this.#runAll(statements.map((statement) => statementOf(statement)));
  }

  async executeMultiple(sql: string): Promise<void> {
    this.#expectOpen();
    await translated(this.#connection.executeScript(sql));
  }

  async rollback(): Promise<void> {
    if (this.#state === "over") return;
    this.#state = "over";
    await this.#connection.release();
  }

  async commit(): Promise<void> {
    this.#expectOpen();
    this.#state = "over";
    try {
      await translated(this.#connection.commit());
    } finally {
      await this.#connection.release();
    }
  }

  /** Rolls back unless it was committed. */
  close(): void {
    void this.rollback();
  }

  #expectOpen(): void {
    if (this.closed) throw transactionIsClosed();
  }
}
