/**
 * The database of a SQLite Durable Object.
 *
 * @module
 */

import type { DurableObjectStorage } from "../../../adapters/durable_object/handle.ts";
import {
  beginStatement,
  checkTransactionCallback,
  type Connection,
} from "../../connections/connection.ts";
import { RowDefaults } from "../../connections/query.ts";
import type {
  Database,
  DatabaseStats,
  Session,
  SessionOptions,
  WriteOptions,
} from "../../database/database.ts";
import type { RowCursor } from "../../driver/sync_cursor.ts";
import { checkRetries, databaseIsClosed } from "../../database/database_errors.ts";
import { sessionOf } from "../../database/session.ts";
import type { BatchStatement } from "../../database/writing/batch.ts";
import { SQLitePoolError } from "../../pool/errors.ts";
import type { AcquireOptions, CloseOptions } from "../../pool/options.ts";
import { Counters } from "../../pool/stats.ts";
import { withStatement } from "../../sqlite/errors.ts";
import type { ResultSet, Row, RowFactory } from "../../sqlite/types.ts";
import { type TakenStatement, takeStatements } from "../../database/writing/take_statements.ts";
import { checkOptions, WAIT_OPTIONS } from "../call_options.ts";
import type { Watches } from "../watches.ts";
import { Queries } from "./queries.ts";
import { type Access, Scope } from "./scope.ts";
import { TransactionConnection } from "./transaction_connection.ts";

/** {@linkcode Database} over the storage of a Durable Object. */
export class DurableObjectDatabase<R = Row> extends Queries<R> implements Database<R> {
  readonly path = "durable-object:";
  readonly #cursors: Set<RowCursor<unknown>>;
  #closed: Promise<void> | undefined;

  /** What instrumentation adds itself to. */
  readonly watched: Watches;

  constructor(
    storage: DurableObjectStorage,
    rowFactory: RowFactory<R> | undefined,
    watched: Watches,
  ) {
    const cursors = new Set<RowCursor<unknown>>();
    super(Scope.of(storage), new RowDefaults(rowFactory), {
      waitOptions: WAIT_OPTIONS,
      reads: "read",
      cursors,
      watched,
      expectOpen: () => this.#expectOpen(),
    });
    this.#cursors = cursors;
    this.watched = watched;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get stats(): DatabaseStats {
    const { acquired, queued, waiting, inUse } = this.scope.counters;
    const size = this.closed ? 0 : 1;
    const pool = {
      ...new Counters(),
      ...{ poolSize: 1, size, idle: size - Math.min(size, inUse), inUse, opening: 0, waiting },
      ...{ acquired, queued, opened: 1, busyRetries: 0 },
    };
    return { writer: pool, readers: pool, threads: undefined, inline: undefined, statements: [] };
  }

  read<S>(
    fn: (snapshot: Connection<R>) => S | PromiseLike<S>,
    options?: AcquireOptions,
  ): Promise<S> {
    return this.#transaction("read", fn, options, WAIT_OPTIONS);
  }

  write<S>(
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    options?: WriteOptions,
  ): Promise<S> {
    return this.#transaction("write", fn, options, [...WAIT_OPTIONS, "mode", "retries"]);
  }

  batch<T = R>(
    statements: readonly BatchStatement<T>[],
    options?: AcquireOptions,
  ): Promise<ResultSet<T>[]> {
    let taken: TakenStatement[];
    try {
      this.#check(options);
      taken = takeStatements(statements);
    } catch (error) {
      return Promise.reject(error);
    }
    const { connection } = this.scope;
    return this.watched.batch(
      taken,
      (ran) =>
        this.#enter(
          options,
          () =>
            connection.raw.transactionSync(() =>
              taken.map(({ sql, params, rowFactory }, index) => {
                try {
                  const rows = this.rows.everyRow({ rowFactory: rowFactory as RowFactory<T> });
                  const result = connection.executeSync(sql, params, rows);
                  ran(index, result);
                  return result;
                } catch (error) {
                  throw withStatement(error, sql, index);
                }
              })
            ),
        ),
    );
  }

  executeScript(sql: string, options?: AcquireOptions): Promise<void> {
    try {
      this.#check(options);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.watched.around(
      "query",
      "write",
      sql,
      () => this.#enter(options, () => this.scope.connection.executeScriptSync(sql)),
    );
  }

  session(options?: SessionOptions): Session<R> {
    checkOptions(options, ["after"]);
    return sessionOf(this);
  }

  connection(): Promise<never> {
    return refused("connection", "use write(async (tx) => ...), which begins and commits for you");
  }

  describe(): Promise<never> {
    return refused("describe", "the columns of a statement are known once it has run");
  }

  checkpoint(): Promise<never> {
    return refused("checkpoint", "the platform looks after its own log");
  }

  backup(): Promise<never> {
    return refused("backup", "the platform keeps 30 days: see ctx.storage.getBookmarkForTime()");
  }

  close(options?: CloseOptions): Promise<void> {
    try {
      checkOptions(options, ["timeoutMs", "drain"]);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #transaction<S>(
    access: Access,
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    options: WriteOptions = {},
    names: readonly string[],
  ): Promise<S> {
    try {
      this.#expectOpen();
      checkTransactionCallback(access, fn);
      checkOptions(options, names);
      beginStatement(options.mode ?? "immediate");
      checkRetries(options.retries);
      options.signal?.throwIfAborted();
    } catch (error) {
      return Promise.reject(error);
    }
    const { signal } = options;
    const sql = beginStatement(options.mode ?? (access === "read" ? "deferred" : "immediate"));
    return this.watched.around(
      "transaction",
      access,
      sql,
      () =>
        this.scope.transaction(async (scope) => {
          signal?.throwIfAborted();
          const result = await fn(new TransactionConnection(scope, this.rows, this.watched));
          // Not yet committed.
          signal?.throwIfAborted();
          return result;
        }, access),
    );
  }

  #check(options: AcquireOptions | undefined): void {
    this.#expectOpen();
    checkOptions(options, WAIT_OPTIONS);
  }

  /** Runs a call when it is its turn. */
  #enter<T>(options: AcquireOptions | undefined, work: () => T): Promise<T> {
    return this.scope.enter(() => {
      options?.signal?.throwIfAborted();
      return work();
    });
  }

  /** The connection stays open, for others who have opened the same storage. */
  async #close(): Promise<void> {
    await this.scope.settled();
    for (const cursor of [...this.#cursors]) cursor.cutOff(databaseIsClosed(this.watched.name));
  }

  #expectOpen(): void {
    if (this.#closed !== undefined) throw databaseIsClosed(this.watched.name);
  }
}

function refused(method: string, remedy: string): Promise<never> {
  return Promise.reject(
    new SQLitePoolError(`db.${method}() is not possible in a Durable Object: ${remedy}.`),
  );
}
