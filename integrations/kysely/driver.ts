/**
 * Kysely's driver interface over a database or a pool.
 *
 * @module
 */

import {
  type AbortableOperationOptions,
  type CompiledQuery,
  createQueryId,
  type Driver,
  IdentifierNode,
  type QueryCompiler,
  RawNode,
  type TransactionSettings,
} from "kysely";
import { prepareToEnter } from "../../src/platform/reentrancy.ts";
import { BEGIN, BEGIN_READ_ONLY, COMMIT, ROLLBACK, SqlitePoolConnection } from "./connection.ts";
import type { Target } from "./target.ts";

type CompileQuery = QueryCompiler["compileQuery"];

export class SqlitePoolDriver implements Driver {
  readonly #open: () => Promise<Target>;
  #target: Target | undefined;

  constructor(open: () => Promise<Target>) {
    this.#open = open;
    prepareToEnter();
  }

  async init(): Promise<void> {
    this.#target = await this.#open();
  }

  async acquireConnection(options?: AbortableOperationOptions): Promise<SqlitePoolConnection> {
    return new SqlitePoolConnection(this.#target!, isKept(options));
  }

  async beginTransaction(
    connection: SqlitePoolConnection,
    { accessMode }: TransactionSettings,
  ): Promise<void> {
    const readonly = accessMode === "read only";
    // Before anything is awaited: what Kysely calls next is the callback.
    connection.expectCallback(readonly);
    // SQLite's only isolation level is "serializable", which is no less than any other asks for.
    await connection.executeQuery(readonly ? BEGIN_READ_ONLY : BEGIN);
  }

  async commitTransaction(connection: SqlitePoolConnection): Promise<void> {
    await connection.executeQuery(COMMIT);
  }

  async rollbackTransaction(connection: SqlitePoolConnection): Promise<void> {
    await connection.executeQuery(ROLLBACK);
  }

  async savepoint(
    connection: SqlitePoolConnection,
    name: string,
    compile: CompileQuery,
  ): Promise<void> {
    await connection.executeQuery(savepointQuery("savepoint", name, compile));
  }

  async rollbackToSavepoint(
    connection: SqlitePoolConnection,
    name: string,
    compile: CompileQuery,
  ): Promise<void> {
    await connection.executeQuery(savepointQuery("rollback to", name, compile));
  }

  async releaseSavepoint(
    connection: SqlitePoolConnection,
    name: string,
    compile: CompileQuery,
  ): Promise<void> {
    await connection.executeQuery(savepointQuery("release", name, compile));
  }

  async releaseConnection(connection: SqlitePoolConnection): Promise<void> {
    await connection.release();
  }

  async destroy(): Promise<void> {
    await this.#target?.close();
  }
}

/**
 * Whether a connection is asked for to be kept: `db.connection()` always passes a signal, if only
 * an undefined one, and single queries only one that they have. Should Kysely change that, what
 * differs is `last_insert_rowid()` and `changes()` as SQL text in the callback of `connection()`:
 * a test notices.
 */
function isKept(options: AbortableOperationOptions | undefined): boolean {
  return options !== undefined && "signal" in options && options.signal === undefined;
}

function savepointQuery(command: string, name: string, compile: CompileQuery): CompiledQuery {
  const node = RawNode.createWithChildren([
    RawNode.createWithSql(`${command} `),
    IdentifierNode.create(name),
  ]);
  return compile(node, createQueryId());
}
