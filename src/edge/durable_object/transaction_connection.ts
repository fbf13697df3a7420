/**
 * The connection that the callback of a transaction gets.
 *
 * @module
 */

import {
  beginStatement,
  checkTransactionCallback,
  type Connection,
  type ConnectionCallback,
  TransactionEndedError,
  type TransactionOptions,
} from "../../connections/connection.ts";
import type { RowDefaults } from "../../connections/query.ts";
import { misuse } from "../../sqlite/errors.ts";
import { checkOptions } from "../call_options.ts";
import { Queries } from "./queries.ts";
import type { Watches } from "../watches.ts";
import type { Scope } from "./scope.ts";

/** A {@linkcode Connection} for as long as its transaction is open. */
export class TransactionConnection<R> extends Queries<R> implements Connection<R> {
  readonly #watched: Watches;

  constructor(scope: Scope, rows: RowDefaults<R>, watched: Watches) {
    const { cursors } = scope;
    super(scope, rows, { waitOptions: [], reads: "write", cursors, watched, expectOpen: () => {} });
    this.#watched = watched;
  }

  get raw(): unknown {
    return this.scope.connection.raw;
  }

  get inTransaction(): boolean {
    return this.scope.active;
  }

  executeScript(sql: string): Promise<void> {
    return this.#watched.around(
      "query",
      "write",
      sql,
      () => this.scope.enter(() => this.scope.connection.executeScriptSync(sql)),
    );
  }

  describe(): Promise<never> {
    return Promise.reject(
      misuse("describe() is not possible in a Durable Object: the columns come with the result"),
    );
  }

  begin(): Promise<void> {
    return Promise.reject(
      misuse("a transaction is open already: nest one with tx.transaction(async (inner) => ...)"),
    );
  }

  commit(): Promise<void> {
    return Promise.reject(
      misuse("the transaction commits when its callback returns: do not commit inside it"),
    );
  }

  rollback(): Promise<void> {
    return this.scope.enter(() =>
      this.scope.rollBack(
        new TransactionEndedError("The transaction was rolled back inside its callback."),
      )
    );
  }

  transaction<T>(fn: ConnectionCallback<R, T>, options: TransactionOptions = {}): Promise<T> {
    try {
      checkTransactionCallback("transaction", fn);
      checkOptions(options, ["mode"]);
      beginStatement(options.mode ?? "immediate");
    } catch (error) {
      return Promise.reject(error);
    }
    const { access } = this.scope;
    const watched = this.#watched;
    return watched.around("transaction", access, "SAVEPOINT", () =>
      this.scope.transaction(
        (scope) => fn(new TransactionConnection(scope, this.rows, watched)),
        access,
      ));
  }
}
