/**
 * A connection as Kysely sees it. Kysely asks for one before it knows what for, so that a physical
 * one is taken only for what needs one: single statements run wherever the pool runs them.
 *
 * @module
 */

import {
  type AbortableOperationOptions,
  CompiledQuery,
  type DatabaseConnection,
  type QueryResult,
} from "kysely";
import { controlNeedsConnection, insideOwnTransaction, readOnlyTransaction } from "./errors.ts";
import { HeldTransaction, isAborted } from "./held_transaction.ts";
import { kindOf, type StatementKind } from "./statement_kind.ts";
import type { Target } from "./target.ts";
import type { Connection } from "../../src/connections/connection.ts";
import type { PooledConnection } from "../../src/connections/leased_connection.ts";
import { withCallersStack } from "../../src/platform/callers_stack.ts";
import { enter, isInside } from "../../src/platform/reentrancy.ts";
import { SQLitePoolError } from "../../src/pool/errors.ts";
import { SQLiteError } from "../../src/sqlite/errors.ts";
import type { BindParams, ResultSet, Row } from "../../src/sqlite/types.ts";

/** What begins and ends transactions: queries, so that they show in Kysely's log. */
export const BEGIN: CompiledQuery = CompiledQuery.raw("begin");
export const BEGIN_READ_ONLY: CompiledQuery = CompiledQuery.raw("begin");
export const COMMIT: CompiledQuery = CompiledQuery.raw("commit");
export const ROLLBACK: CompiledQuery = CompiledQuery.raw("rollback");

const NOTHING: QueryResult<never> = { rows: [] };

export class SqlitePoolConnection implements DatabaseConnection {
  readonly #target: Target;
  /** Whether statements that write keep a physical connection until this one is released. */
  #keeps: boolean;
  /** The physical connection that this one keeps. */
  #lease: PooledConnection | undefined;
  #transaction: HeldTransaction | undefined;
  #readOnly = false;
  /** Ends what the callback of the transaction must not wait for. */
  #leave: (() => void) | undefined;
  #unlockMigrations: (() => void) | undefined;
  /** Ends a transaction that is under way. */
  readonly #kill = new AbortController();

  constructor(target: Target, keeps: boolean) {
    this.#target = target;
    this.#keeps = keeps;
  }

  async executeQuery<R>(
    query: CompiledQuery,
    { signal }: AbortableOperationOptions = {},
  ): Promise<QueryResult<R>> {
    switch (query) {
      case BEGIN:
      case BEGIN_READ_ONLY:
        await this.#begin(query === BEGIN_READ_ONLY);
        return NOTHING;
      case COMMIT:
        await this.#commit();
        return NOTHING;
      case ROLLBACK:
        await this.#rollBack();
        return NOTHING;
    }
    try {
      return await this.#execute(query, signal) as QueryResult<R>;
    } catch (error) {
      // Kysely has answered with the reason already, and would report this one as unexpected.
      if (signal?.aborted && error === signal.reason) return NOTHING;
      // The engine keeps few functions of a stack: those of the caller matter.
      throw error instanceof SQLiteError ? withCallersStack(error) : error;
    }
  }

  async *streamQuery<R>(
    query: CompiledQuery,
    chunkSize: number,
    { signal }: AbortableOperationOptions = {},
  ): AsyncIterableIterator<QueryResult<R>> {
    if (!(chunkSize >= 1)) throw new RangeError(`chunkSize must be 1 or more; got ${chunkSize}`);
    let rows: R[] = [];
    try {
      for await (const row of this.#rowsOf(query, signal)) {
        rows.push(row as R);
        if (rows.length < chunkSize) continue;
        yield { rows };
        rows = [];
      }
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return;
      throw error;
    }
    if (rows.length > 0) yield { rows };
  }

  /** Gives up what is under way: rolls back, and closes the connection that it runs on. */
  async killSession(): Promise<void> {
    this.#kill.abort();
    await this.#lease?.discard();
  }

  /**
   * Tells that a transaction begins whose callback is called in the async context of this call: a
   * query of the outer instance in it that would wait for the transaction is refused.
   */
  expectCallback(readonly: boolean): void {
    const waitedFor = !readonly || this.#target.oneConnection;
    // On a connection that is kept this may run in the user's own function.
    if (!waitedFor || this.#keeps) return;
    this.#expectOutside("write");
    this.#leave = enter(this.#target);
  }

  /** Keeps a physical connection that writes, from now on until the release. */
  async keep(signal?: AbortSignal): Promise<PooledConnection> {
    return this.#lease ??= await this.#target.lend({ signal });
  }

  /** Keeps a connection for migrations: those that begin meanwhile wait for the release. */
  async keepForMigrations(): Promise<void> {
    this.#unlockMigrations = await this.#target.lockMigrations();
    try {
      await this.keep();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // A server lends no connections. Migrations need none, unless they say BEGIN themselves.
      this.#keeps = false;
    }
  }

  /** Gives back what it has; what is open is rolled back. */
  async release(): Promise<void> {
    this.#unlockMigrations?.();
    await this.#rollBack();
    await this.#lease?.release();
    this.#lease = undefined;
  }

  async #begin(readonly: boolean): Promise<void> {
    const lease = this.#lease;
    const { signal } = this.#kill;
    this.#transaction = await HeldTransaction.begin((callback) =>
      lease === undefined
        ? this.#target.transaction(callback, { readonly, signal })
        : lease.transaction(callback, { mode: readonly ? "deferred" : "immediate" })
    );
    this.#readOnly = readonly;
  }

  async #commit(): Promise<void> {
    try {
      await this.#transaction?.commit();
    } catch (error) {
      // Otherwise Kysely rolls back, and nothing may run outside the transaction until it has.
      if (isAborted(error)) this.#forgetTransaction();
      throw error;
    }
    this.#forgetTransaction();
  }

  async #rollBack(): Promise<void> {
    await this.#transaction?.rollBack();
    this.#forgetTransaction();
  }

  #forgetTransaction(): void {
    this.#transaction = undefined;
    this.#readOnly = false;
    this.#leave?.();
  }

  async #execute(query: CompiledQuery, signal?: AbortSignal): Promise<QueryResult<Row>> {
    const kind = kindOf(query);
    const { sql } = query;
    const params = paramsOf(query);
    const connection = await this.#connectionFor(kind, signal);
    if (connection !== undefined) {
      return queryResult(kind, await connection.execute(sql, params));
    }
    if (kind === "read") return { rows: await this.#target.all(sql, params, { signal }) };
    return queryResult(kind, await this.#target.run(sql, params, { signal }));
  }

  async *#rowsOf(query: CompiledQuery, signal?: AbortSignal): AsyncIterableIterator<Row> {
    const kind = kindOf(query);
    if (kind !== "read") {
      // Whoever leaves the loop early must not leave a write half done.
      yield* (await this.#execute(query, signal)).rows;
      return;
    }
    const { sql } = query;
    const params = paramsOf(query);
    const connection = await this.#connectionFor(kind, signal);
    yield* connection === undefined
      ? this.#target.iterate(sql, params, { signal })
      : connection.iterate(sql, params);
  }

  /** The connection that a statement has to run on; `undefined` when any will do. */
  async #connectionFor(
    kind: StatementKind,
    signal: AbortSignal | undefined,
  ): Promise<Connection | undefined> {
    if (this.#transaction !== undefined) {
      if (this.#readOnly && kind !== "read") throw readOnlyTransaction();
      return this.#transaction.connection;
    }
    if (kind === "control" && !this.#keeps) throw controlNeedsConnection();
    if (this.#lease === undefined) this.#expectOutside(kind);
    if (kind === "read" || (!this.#keeps && kind !== "session")) return this.#lease;
    return await this.keep(signal);
  }

  /** Refuses what would wait for the transaction in whose callback it is called. */
  #expectOutside(kind: StatementKind): void {
    if (!isInside(this.#target)) return;
    if (kind !== "read" || this.#target.oneConnection) throw insideOwnTransaction();
  }
}

/** Whether a place says that it does not have something, in contrast to a failure to give it. */
function isRefusal(error: unknown): boolean {
  return error instanceof SQLitePoolError && error.constructor === SQLitePoolError;
}

/** Kysely types parameters as unknown; those that SQLite cannot store are refused when bound. */
function paramsOf({ parameters }: CompiledQuery): BindParams {
  return parameters as BindParams;
}

function queryResult(
  kind: StatementKind,
  { columns, rows, rowsAffected, lastInsertRowid }: ResultSet,
): QueryResult<Row> {
  const givesRows = columns.length > 0;
  if (kind === "read" || (kind !== "write" && givesRows)) return { rows };
  const numAffectedRows = BigInt(rowsAffected);
  // What RETURNING gives has the id, if it was asked for.
  if (givesRows || lastInsertRowid === undefined) return { rows, numAffectedRows };
  return { rows, numAffectedRows, insertId: BigInt(lastInsertRowid) };
}
