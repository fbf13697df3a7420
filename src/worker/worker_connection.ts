/**
 * A connection whose statements run in its own thread.
 *
 * @module
 */

import { builtinLibrary } from "../platform/builtins.ts";
import type { DriverConnection } from "../driver/connection.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import { connectionClosed, SQLiteError } from "../sqlite/errors.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import { splitScript } from "../sqlite/scan.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  StatementDescription,
} from "../sqlite/types.ts";
import { Channel } from "./channel.ts";
import { killAfterCommit } from "./kill_after_commit.ts";
import { remoteHandle } from "./remote_handle.ts";
import { readArrays, readObjects, type RowReader, withRows } from "./reply_reader.ts";
import { type LostError, Peer } from "./peer.ts";
import type { ThreadCount } from "./thread_count.ts";
import type { WorkerSurroundings } from "./transport.ts";
import {
  type MessageWriter,
  type OpenReply,
  type OpenRequest,
  request,
  type WirePart,
} from "./wire/wire.ts";
import { decodeError } from "./wire/wire_errors.ts";
import { type CutOff, WorkerCursor } from "./worker_cursor.ts";

type State = "opening" | "open" | "closing" | "closed";

/** The initial and maximum number of rows per chunk. */
const SMALLEST_CHUNK = 32;
const LARGEST_CHUNK = 2_048;

/**
 * A connection in its own thread, as opened by {@linkcode workerConnection}.
 *
 * Any number of calls may be in progress: they run one by one in call order, and those of one turn
 * of the event loop are sent together.
 */
export class WorkerConnection implements DriverConnection {
  /** The thread always knows; between calls so does its host. */
  readonly inTransactionIsCertain: boolean = true;
  /** Never waits: a locked database is an error at once, and the pool retries. */
  readonly waitsForLocks = false;
  /**
   * Closes without waiting for calls in progress: the thread finishes them, keeps its locks until
   * then, and ends. An in-memory database would be lost with it.
   */
  readonly abandon: (() => void) | undefined = undefined;
  /** Ends the process in the middle of a statement; see `DriverConnection`. */
  readonly stop: (() => void) | undefined = undefined;
  /** A placeholder for the driver's handle, which throws when it is used. */
  readonly raw: object = remoteHandle();
  /** The SQLite library behind its driver. */
  readonly library: string | undefined;
  /** The file that the thread has open. */
  readonly path: string | undefined;
  /** Whether its file may stay open after the connection was closed. */
  readonly closesLate: boolean;
  readonly #peer: Peer;
  readonly #channel: Channel;
  readonly #cursors = new Set<CutOff>();
  readonly #crew: ThreadCount;
  #state: State = "opening";
  #lost: LostError | undefined;
  #opened: { resolve(): void; reject(error: unknown): void } | undefined;
  #closed: Promise<void> | undefined;
  #wasStopped = false;
  readonly #use: "can be used again" | "has to end";
  /** Settles when the thread has ended. */
  readonly #ended: Promise<void>;
  #announceEnd!: () => void;

  private constructor(
    { transport, crew, onTiming }: WorkerSurroundings,
    { path, driver, extensions, setUp, memory }: OpenRequest,
  ) {
    const marked = extensions ?? setUp ?? memory;
    this.#use = marked !== undefined ? "has to end" : "can be used again";
    if (path !== ":memory:") {
      this.path = path;
      this.library = driver.includes(":") ? builtinLibrary(driver) : driver;
    }
    this.closesLate = driver === "libsql";
    this.#crew = crew;
    this.#channel = new Channel((message) => this.#send(message), onTiming, transport.stops);
    if (path !== ":memory:") {
      const { calls } = this.#channel;
      if (transport.stops) this.stop = () => killAfterCommit(calls, () => this.#kill());
      this.abandon = transport.stops ? () => this.#kill() : () => this.#abandon();
    }
    this.#ended = new Promise((resolve) => {
      this.#announceEnd = resolve;
    });
    this.#peer = new Peer(transport, {
      onMessage: (message) => this.#receive(message),
      onEnd: (lost) => this.#onEnd(lost),
    });
    crew.started();
  }

  /**
   * Starts a thread and opens a database in it.
   *
   * @param surroundings the environment on the host.
   * @param open what to open, and how.
   * @throws {SQLiteError} if the database could not be opened.
   * @throws {ConnectionLostError} if the thread ended before it was ready.
   */
  static async open(
    surroundings: WorkerSurroundings,
    open: OpenRequest,
  ): Promise<WorkerConnection> {
    await surroundings.crew.room();
    const connection = new WorkerConnection(surroundings, open);
    await new Promise<void>((resolve, reject) => {
      connection.#opened = { resolve, reject };
      connection.#peer.post(open);
    });
    return connection;
  }

  /** Whether a transaction is open. Throws when the thread has died. */
  get inTransaction(): boolean {
    // Earlier requests of the holder may have been committed.
    if (this.#lost !== undefined) throw this.#lost("sent");
    return this.#channel.inTransaction;
  }

  /** Whether the thread has died. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Whether its process was stopped for a caller that no longer waited. */
  get wasStopped(): boolean {
    return this.#wasStopped;
  }

  /** The expected duration of the calls in progress, in milliseconds. */
  get backlogMs(): number {
    return this.#channel.calls.backlogMs;
  }

  /** Runs one statement after those of earlier calls; see `DriverConnection`. */
  execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    return this.#execute(request.execute, sql, params, options);
  }

  /** Runs one statement unless the transaction has ended by then; see `DriverConnection`. */
  executeInTransaction<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    return this.#execute(request.executeInTransaction, sql, params, options);
  }

  /** Runs one statement in its own transaction; see `DriverConnection`. */
  executeAlone<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    return this.#execute(request.executeAlone, sql, params, options);
  }

  #execute<R>(
    kind: number,
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): Promise<ResultSet<R>> {
    if (this.#state !== "open") return Promise.reject(this.#refusal());
    const rowFactory = options?.rowFactory as RowFactory<unknown> | undefined;
    const firstRowOnly = options?.firstRowOnly === true;
    const call: Promise<ResultSet<unknown>> = rowFactory === undefined
      ? this.#channel.execute(kind, sql, params, firstRowOnly, readObjects)
      : withRows(this.#channel.execute(kind, sql, params, firstRowOnly, readArrays), rowFactory);
    return call as Promise<ResultSet<R>>;
  }

  /** Tells what a statement is, without running it; see `DriverConnection`. */
  describe(sql: string): Promise<StatementDescription> {
    if (this.#state !== "open") return Promise.reject(this.#refusal());
    return this.#channel.describe(sql);
  }

  /** Streams rows, which are fetched from the thread in chunks. */
  iterate<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): AsyncIterableIterator<R> {
    const firstRowOnly = options?.firstRowOnly === true;
    const makeRow = options?.rowFactory;
    return makeRow === undefined
      ? this.#iterate(sql, params, firstRowOnly, readObjects, (row) => row as R)
      : this.#iterate(sql, params, firstRowOnly, readArrays, makeRow);
  }

  #iterate<T, R>(
    sql: string,
    params: BindParams | undefined,
    firstRowOnly: boolean,
    readRows: RowReader<T>,
    makeRow: (row: T, columns: readonly string[]) => R,
  ): AsyncIterableIterator<R> {
    const channel = this.#channel;
    const cursor = channel.cursor(sql);
    const taken = takeParams(params);
    let size = SMALLEST_CHUNK;
    const grow = (): number => size = Math.min(2 * size, LARGEST_CHUNK);
    return new WorkerCursor<T, R>(
      {
        open: () => {
          this.#checkOpen();
          return channel.open(cursor, taken, firstRowOnly ? 1 : size, readRows);
        },
        fetch: () => {
          this.#checkOpen();
          return channel.fetch(cursor, grow(), readRows);
        },
        close: () => this.#ask(request.closeCursor, cursor.id),
      },
      makeRow,
      this.#cursors,
    );
  }

  /** Runs the statements of a script until one fails. */
  executeScript(sql: string): Promise<void> {
    return this.#ask(request.script, sql);
  }

  /** Splits a script into statements. */
  *splitScript(sql: string): IterableIterator<string> {
    for (const { text } of splitScript(sql)) yield text;
  }

  /** Closes open cursors and rolls back the open transaction, if any. */
  rollback(): Promise<void> {
    this.#cutOffCursors(
      new SQLiteError("the cursor was closed by a rollback", resultCode.ABORT_ROLLBACK),
    );
    return this.#ask(request.rollback);
  }

  /** Closes the database and ends the thread once the calls in progress have finished. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  #kill(): void {
    if (this.#state === "closed" || this.#wasStopped) return;
    this.#wasStopped = true;
    this.#crew.abandoned(this.#ended);
    this.#peer.stop();
  }

  #abandon(): void {
    if (this.#state !== "open") return;
    // A single statement is the one given up by its caller; with more, other callers still wait.
    const shared = this.#channel.calls.statements > 1;
    const closed = this.close();
    this.#channel.flush();
    if (!shared) this.#peer.setBusy(false);
    this.#crew.abandoned(closed.then(() => this.#ended, () => this.#ended));
  }

  async #close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#cutOffCursors(connectionClosed());
    const closing = this.#ask(request.close);
    this.#state = "closing";
    await closing;
    this.#peer.dismiss(this.#use);
    await this.#ended;
  }

  async #ask(kind: number, ...parts: WirePart[]): Promise<void> {
    this.#checkOpen();
    await this.#channel.ask(kind, ...parts);
  }

  #send({ parts, transfer }: MessageWriter): void {
    if (this.#state === "closed") return;
    // A definition alone has no reply.
    if (this.#channel.calls.size > 0) this.#peer.setBusy(true);
    this.#peer.post(parts, transfer);
  }

  #receive(message: unknown): void {
    if (this.#state === "opening") {
      const { error } = message as OpenReply;
      if (error === undefined) {
        this.#state = "open";
        this.#opened!.resolve();
        this.#peer.setBusy(false);
      } else {
        this.#state = "closed";
        this.#opened!.reject(decodeError(error));
        this.#peer.dismiss(this.#use);
      }
      return;
    }
    try {
      this.#channel.receive(message as WirePart[]);
    } catch (error) {
      this.#peer.giveUp("its answers could not be read", error);
    }
    if (this.#channel.calls.size === 0 && this.#state === "open") this.#peer.setBusy(false);
  }

  #onEnd(lost: LostError): void {
    const expected = this.#state === "closing" && this.#channel.calls.size === 0;
    if (this.#state !== "closed" && !expected) this.#lost = lost;
    this.#state = "closed";
    this.#opened?.reject(lost("not sent"));
    this.#channel.end(lost);
    this.#crew.ended();
    this.#announceEnd();
  }

  #checkOpen(): void {
    if (this.#state !== "open") throw this.#refusal();
  }

  #refusal(): Error {
    return this.#lost?.("not sent") ?? connectionClosed();
  }

  #cutOffCursors(reason: SQLiteError): void {
    for (const cursor of [...this.#cursors]) cursor.cutOff(reason);
  }
}
