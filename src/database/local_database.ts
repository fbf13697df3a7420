/**
 * A database on this machine: a writer, readers, and the rules between them.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { PoolClosedError } from "../pool/errors.ts";
import {
  type AcquireOptions,
  checkCallOptions,
  checkCloseOptions,
  type CloseOptions,
  WAIT_OPTION_NAMES,
} from "../pool/options.ts";
import { describeValue } from "../platform/describe.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import type { BindParams, ResultSet, Row, SQLiteValue } from "../sqlite/types.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import type { CallOptions, Database, DatabaseStats, WriteOptions } from "./database.ts";
import type { ThreadStats } from "../worker/thread_factory.ts";
import type { BackUp, BackupOptions } from "./backup.ts";
import { type BatchStatement, runBatch } from "./batch.ts";
import { type Connection, paramsOf, type Query, textOf } from "../connections/connection.ts";
import type { ConnectionOptions, SQLiteConnectionPool } from "../connections/connection_pool.ts";
import { withDeadline } from "../pool/deadline.ts";
import type { FileWatch } from "./file_watch.ts";
import { refuseJournalMode } from "./pragmas.ts";
import { GroupCommit, type WriterSource } from "./group_commit.ts";
import { ReadWatch } from "./read_watch.ts";
import { asWriter, refuseNestedWrite } from "./reentrancy.ts";
import type { LeasedConnection } from "../connections/leased_connection.ts";
import { mayShareCommit } from "../sqlite/classify.ts";
import { ReaderCursor } from "./reader_cursor.ts";
import type { Router } from "./router.ts";
import { beginStatement } from "../connections/transaction.ts";
import {
  checkpoint,
  Checkpointer,
  type CheckpointMode,
  type CheckpointResult,
  tidyUp,
} from "./checkpointer.ts";

/** What a database is made of. */
export interface DatabaseParts<R> {
  readonly writer: SQLiteConnectionPool<R> | undefined;
  readonly readers: SQLiteConnectionPool<R>;
  /** For single reads that have proved to be quick, and who tells them. */
  readonly inline: SQLiteConnectionPool<R> | undefined;
  readonly router: Router | undefined;
  readonly inMemory: boolean;
  readonly clock: Clock;
  readonly queryTimeoutMs: number;
  readonly acquisitionTimeoutMs: number;
  readonly operationTimeoutMs: number;
  readonly maxReadTransactionMs: number;
  readonly rowFactory: ConnectionOptions<R>["rowFactory"];
  readonly onLongRead: () => void;
  /** Notices that the file was removed or replaced; none for a database in memory. */
  readonly file: FileWatch | undefined;
  readonly threads: () => ThreadStats | undefined;
  readonly backup: BackUp;
  /** Called when everything is closed. */
  readonly onClosed: () => void;
}

const CHECKPOINT_MODES: readonly string[] = ["passive", "full", "restart", "truncate"];

/** {@linkcode Database} over files of this machine, and over databases in memory. */
export class LocalDatabase<R = Row> implements Database<R> {
  readonly #parts: DatabaseParts<R>;
  readonly #group: GroupCommit | undefined;
  readonly #care: Checkpointer<R> | undefined;
  readonly #longReads: ReadWatch;
  #closed: Promise<void> | undefined = undefined;

  /**
   * `openDatabase` makes databases.
   *
   * @internal
   */
  constructor(parts: DatabaseParts<R>) {
    const { writer, clock, inMemory, maxReadTransactionMs, onLongRead } = parts;
    this.#parts = parts;
    this.#group = writer && new GroupCommit(writer as unknown as WriterSource, clock);
    this.#care = writer === undefined || inMemory ? undefined : new Checkpointer(writer, clock);
    this.#longReads = new ReadWatch(
      clock,
      maxReadTransactionMs,
      onLongRead,
      () => this.#care?.afterLongRead(),
    );
  }

  get stats(): DatabaseStats {
    const { writer, readers, threads, inline, router } = this.#parts;
    return {
      writer: writer?.stats,
      readers: readers.stats,
      threads: threads(),
      inline: inline?.stats,
      statements: router?.statements ?? [],
    };
  }

  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: CallOptions<T>,
  ): Promise<T | undefined> {
    return this.#reading(
      "get",
      (readers) => readers.get(query, params, options),
      this.#singleReader(query),
    );
  }

  all<T = R>(query: Query, params?: BindParams, options?: CallOptions<T>): Promise<T[]> {
    return this.#reading(
      "all",
      (readers) => readers.all(query, params, options),
      this.#singleReader(query),
    );
  }

  values(query: Query, params?: BindParams, options?: AcquireOptions): Promise<SQLiteValue[][]> {
    return this.#reading(
      "values",
      (readers) => readers.values(query, params, options),
      this.#singleReader(query),
    );
  }

  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> = {},
  ): AsyncIterableIterator<T> {
    const { clock, queryTimeoutMs } = this.#parts;
    const { signal, timeoutMs = queryTimeoutMs } = options;
    let ended = (): void => {};
    const borrow = () =>
      this.#reading("iterate", async (readers) => {
        const connection = await readers.connection(options);
        ended = this.#longReads.begin();
        return connection;
      });
    return new ReaderCursor<T>(
      borrow,
      (connection) => connection.iterate(query, params, options),
      { clock, signal, timeoutMs },
      () => ended(),
    );
  }

  read<S>(
    fn: (snapshot: Connection<R>) => S | PromiseLike<S>,
    options: AcquireOptions = {},
  ): Promise<S> {
    return this.#reading("read", (readers) => {
      checkCallback("read", fn);
      return this.#lend(readers, options, async (connection) => {
        const ended = this.#longReads.begin();
        try {
          return await connection.transaction(async (snapshot) => {
            // BEGIN DEFERRED alone reads nothing, so it would pin nothing either.
            await snapshot.values("SELECT 1 FROM sqlite_schema LIMIT 1");
            return fn(snapshot);
          }, { mode: "deferred" });
        } finally {
          ended();
        }
      });
    });
  }

  run<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> = {},
  ): Promise<ResultSet<T>> {
    return this.#writing("run", (writer, group) => {
      const sql = textOf(query);
      const values = paramsOf(query, params);
      const { signal, timeoutMs = this.#parts.acquisitionTimeoutMs } = options;
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (!mayShareCommit(sql)) {
        if (!this.#parts.inMemory) refuseJournalMode(sql);
        group.seal();
        return writer.execute(sql, values, options);
      }
      const rowFactory = options.rowFactory ?? this.#parts.rowFactory;
      const wait = { signal, timeoutMs };
      return group.add(sql, values, rowFactory, wait) as Promise<ResultSet<T>>;
    });
  }

  batch(
    statements: readonly BatchStatement[],
    options: AcquireOptions = {},
  ): Promise<ResultSet<R>[]> {
    return this.#writing("batch", (writer, group) => {
      if (!Array.isArray(statements)) {
        throw new TypeError(
          `batch takes an array of { sql, params }; got ${describeValue(statements)}`,
        );
      }
      group.seal();
      const { rowFactory } = this.#parts;
      return writer.withConnection(
        (connection) => runBatch(connection as LeasedConnection<R>, statements, rowFactory),
        options,
      );
    });
  }

  executeScript(sql: string, options: AcquireOptions = {}): Promise<void> {
    return this.#writing("executeScript", (writer, group) => {
      if (!this.#parts.inMemory && typeof sql === "string") refuseJournalMode(sql);
      group.seal();
      return writer.withConnection((connection) => connection.executeScript(sql), options);
    });
  }

  write<S>(
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    options: WriteOptions = {},
  ): Promise<S> {
    return this.#writing("write", (writer, group) => {
      const { mode = "immediate", retries = 0 } = options;
      checkCallback("write", fn);
      beginStatement(mode);
      if (!Number.isSafeInteger(retries) || retries < 0) {
        throw new RangeError(
          `retries must be a whole number from 0 up; got ${describeValue(retries)}`,
        );
      }
      group.seal();
      return this.#lend(writer, options, async (connection) => {
        for (let attempt = 0;; attempt++) {
          try {
            return await asWriter(this, () => connection.transaction(fn, { mode }));
          } catch (error) {
            if (attempt >= retries || !isStaleSnapshot(error)) throw error;
          }
        }
      });
    });
  }

  checkpoint(
    mode: CheckpointMode = "passive",
    options: AcquireOptions = {},
  ): Promise<CheckpointResult> {
    return this.#writing("checkpoint", (writer, group) => {
      checkCallOptions(options, WAIT_OPTION_NAMES);
      if (!CHECKPOINT_MODES.includes(mode)) {
        const allowed = CHECKPOINT_MODES.map((known) => JSON.stringify(known)).join(", ");
        throw new TypeError(`mode must be one of ${allowed}; got ${describeValue(mode)}`);
      }
      group.seal();
      return checkpoint(writer, mode, options);
    });
  }

  backup(path: string, options: BackupOptions = {}): Promise<void> {
    const { backup } = this.#parts;
    return this.#reading("backup", () => backup(path, options, () => this.#longReads.begin()));
  }

  close(options: CloseOptions = {}): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    let timeoutMs: number;
    try {
      timeoutMs = checkCloseOptions(options, this.#parts.operationTimeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#closed = this.#close(timeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeoutMs: number): Promise<void> {
    const { writer, readers, inline, inMemory, onClosed, clock } = this.#parts;
    const deadline = clock.now() + timeoutMs;
    this.#care?.stop();
    this.#parts.file?.stop();
    const readersClosed = readers === writer
      ? undefined
      : Promise.all([readers.close({ timeoutMs }), inline?.close({ timeoutMs })]);
    if (writer !== undefined) {
      // Queued like any write, so that all those before it are done first.
      const lastWrite = writer.withConnection(async (connection) => {
        await readersClosed;
        const expired = (): boolean => clock.now() >= deadline;
        await tidyUp(connection as LeasedConnection<R>, { inMemory, expired });
      }, { timeoutMs });
      // Out of time: SQLite does without.
      await withDeadline(clock, { timeoutMs }, () => lastWrite).catch(() => {});
      await writer.close({ timeoutMs: 0 });
    }
    await readersClosed;
    onClosed();
  }

  /** Runs a callback on a connection that dies when the caller stops waiting. */
  #lend<S>(
    pool: SQLiteConnectionPool<R>,
    { signal, timeoutMs }: AcquireOptions,
    use: (connection: Connection<R>) => Promise<S>,
  ): Promise<S> {
    const { clock, queryTimeoutMs } = this.#parts;
    const limit = { signal, timeoutMs: timeoutMs ?? queryTimeoutMs };
    const borrowed = pool.connection({ signal, timeoutMs });
    return borrowed.then(async (connection) => {
      let state = "under way" as "under way" | "settled";
      try {
        return await withDeadline(clock, limit, async () => {
          try {
            return await use(connection);
          } finally {
            state = "settled";
          }
        });
      } finally {
        const released = connection.release();
        // Whoever gave up does not wait for what has yet to be undone.
        if (state === "settled") await released;
      }
    });
  }

  /** Where a single read runs. */
  #singleReader(query: Query): SQLiteConnectionPool<R> {
    const { readers, inline, router } = this.#parts;
    if (inline === undefined) return readers;
    const sql = typeof query === "string" ? query : query?.text;
    return router?.placeOf(sql) === "inline" ? inline : readers;
  }

  #reading<S>(
    method: string,
    use: (readers: SQLiteConnectionPool<R>) => Promise<S>,
    pool: SQLiteConnectionPool<R> = this.#parts.readers,
  ): Promise<S> {
    try {
      this.#expectOpen();
      // In memory there is one connection for all.
      if (this.#parts.inMemory) refuseNestedWrite(this, method);
      this.#parts.file?.look();
      return use(pool);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #writing<S>(
    method: string,
    use: (writer: SQLiteConnectionPool<R>, group: GroupCommit) => Promise<S>,
  ): Promise<S> {
    try {
      this.#expectOpen();
      refuseNestedWrite(this, method);
      const { writer } = this.#parts;
      if (writer === undefined || this.#group === undefined) throw openedReadonly(method);
      this.#parts.file?.expectSame();
      const written = use(writer, this.#group);
      this.#care?.afterWrite();
      return written;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #expectOpen(): void {
    if (this.#closed !== undefined) {
      throw new PoolClosedError("The database is closed. Open it again to go on.");
    }
  }
}

function checkCallback(method: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new TypeError(
    `${method} takes a function that gets a connection; got ${describeValue(fn)}. ` +
      `Write db.${method}(async (tx) => { ... }).`,
  );
}

function openedReadonly(method: string): SQLiteError {
  return new SQLiteError(
    `db.${method}() writes, but the database was opened read-only.`,
    resultCode.READONLY,
  );
}

function isStaleSnapshot(error: unknown): boolean {
  return error instanceof SQLiteError && error.extendedCode === "SQLITE_BUSY_SNAPSHOT";
}
