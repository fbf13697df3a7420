/**
 * A connection whose statements run in a thread of its own.
 *
 * @module
 */

import { connectionClosed, SQLiteError } from "../sqlite/errors.ts";
import type { BindParams, ResultSet, Row, RowOptions } from "../sqlite/types.ts";
import type { DriverConnection } from "../driver/connection.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import { splitScript } from "../sqlite/scan.ts";
import type { OnTiming } from "../driver/timing.ts";
import { bindValues } from "../sqlite/bind.ts";
import type { ThreadCount } from "./thread_count.ts";
import { type HasColumns, readChunk, readResult } from "./decode_replies.ts";
import { KnownStatements, type RemoteStatement } from "./known_statements.ts";
import { Outbox } from "./outbox.ts";
import { PendingCalls } from "./pending_calls.ts";
import { ReplyReader } from "./reply_reader.ts";
import { type SpawnWorker, Thread } from "./thread.ts";
import { type OpenReply, type OpenRequest, reply, request, type WirePart } from "./wire.ts";
import { decodeError } from "./wire_errors.ts";
import { type Chunk, type CutOff, WorkerCursor } from "./worker_cursor.ts";

/** What a connection has on its host's side. */
export interface WorkerSurroundings {
  /** Starts the thread, where a bundler has moved its script. */
  readonly spawn: SpawnWorker | undefined;
  /** The threads that this one counts with. */
  readonly crew: ThreadCount;
  /** Called after each statement, with the time in its thread. */
  readonly onTiming: OnTiming | undefined;
}

type State = "opening" | "open" | "closing" | "closed";

/** Rows of a chunk are fetched so many at a time, more and more of them. */
const SMALLEST_CHUNK = 32;
const LARGEST_CHUNK = 2_048;

/**
 * A connection in a thread of its own, as {@linkcode workerConnection} opens it.
 *
 * Any number of calls may be under way: they run one after the other, in the order they were
 * made, and those of one turn of the event loop travel together.
 */
export class WorkerConnection implements DriverConnection {
  /** The thread knows for certain; between calls so does its host. */
  readonly inTransactionIsCertain: boolean = true;
  /** Never: a locked database is an error at once, and the pool tries again. */
  readonly waitsForLocks = false;
  /**
   * Closes without waiting for what is under way: the thread goes on until that is done, keeps
   * the locks it has until then, and ends. What is in memory only would be lost with it.
   */
  readonly abandon: (() => void) | undefined = undefined;
  readonly #thread: Thread;
  readonly #statements = new KnownStatements();
  readonly #cursors = new Set<CutOff>();
  readonly #calls = new PendingCalls();
  readonly #outbox = new Outbox((message) => this.#send(message));
  #nextCursor = 0;
  #inTransaction = false;
  readonly #crew: ThreadCount;
  readonly #onTiming: OnTiming | undefined;
  #state: State = "opening";
  #failure: unknown = undefined;
  #opened: { resolve(): void; reject(error: unknown): void } | undefined;
  #closed: Promise<void> | undefined;
  /** Settles when the thread is gone. */
  readonly #ended: Promise<void>;
  #announceEnd!: () => void;

  private constructor({ spawn, crew, onTiming }: WorkerSurroundings, { path }: OpenRequest) {
    this.#crew = crew;
    this.#onTiming = onTiming;
    if (path !== ":memory:") this.abandon = () => this.#abandon();
    this.#ended = new Promise((resolve) => {
      this.#announceEnd = resolve;
    });
    this.#thread = new Thread(spawn, {
      onMessage: (message) => this.#receive(message),
      onEnd: (reason) => this.#onEnd(reason),
    });
    crew.started();
  }

  /**
   * Starts a thread and opens a database in it.
   *
   * @param surroundings what belongs to the host.
   * @param open what to open, and how.
   * @throws {SQLiteError} the database could not be opened.
   * @throws {ConnectionLostError} the thread ended before it was ready.
   */
  static async open(
    surroundings: WorkerSurroundings,
    open: OpenRequest,
  ): Promise<WorkerConnection> {
    await surroundings.crew.room();
    const connection = new WorkerConnection(surroundings, open);
    await new Promise<void>((resolve, reject) => {
      connection.#opened = { resolve, reject };
      connection.#thread.post(open);
    });
    return connection;
  }

  /** The thread: the driver's handle is out of reach. */
  get raw(): unknown {
    return this.#thread.worker;
  }

  /** Whether a transaction is open. Throws when the thread has died. */
  get inTransaction(): boolean {
    if (this.isLost) throw this.#failure;
    return this.#inTransaction;
  }

  /** Whether the thread has died. */
  get isLost(): boolean {
    return this.#state === "closed" && this.#failure !== undefined;
  }

  /** What the calls under way are expected to take, in milliseconds. */
  get backlogMs(): number {
    return this.#calls.backlogMs;
  }

  /** Runs one statement, after those that were called before it; see `DriverConnection`. */
  execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    return this.#execute(request.execute, sql, params, options);
  }

  /** Runs one statement, unless the transaction has ended by then; see `DriverConnection`. */
  executeInTransaction<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    return this.#execute(request.executeInTransaction, sql, params, options);
  }

  #execute<R>(
    kind: number,
    sql: string,
    params: BindParams | undefined,
    options: RowOptions<R> | undefined,
  ): Promise<ResultSet<R>> {
    return new Promise((resolve, reject) => {
      const statement = this.#prepare(sql);
      const values = bindValues(params, statement.parsed.parameters);
      this.#outbox.push(kind, statement.id, options?.firstRowOnly === true ? 1 : 0);
      this.#outbox.pushValues(values);
      this.#calls.add({
        kind: "statement",
        expectedMs: statement.averageMs,
        answer: (reader, ms) => {
          statement.took(ms);
          this.#onTiming?.(sql, ms);
          resolve(readResult(reader, statement, options?.rowFactory));
        },
        fail: reject,
      });
    });
  }

  /** Streams rows, which come from the thread in chunks. */
  iterate<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): AsyncIterableIterator<R> {
    const id = this.#nextCursor++;
    // Its own: meanwhile the statement may run again with other columns, or be forgotten.
    const cursor: HasColumns = { columns: [] };
    let size = SMALLEST_CHUNK;
    const grow = (): number => size = Math.min(2 * size, LARGEST_CHUNK);
    return new WorkerCursor<R>({
      open: () => {
        const statement = this.#prepare(sql);
        const values = bindValues(params, statement.parsed.parameters);
        const most = options?.firstRowOnly === true ? 1 : size;
        this.#outbox.push(request.openCursor, id, statement.id, most);
        this.#outbox.pushValues(values);
        return this.#chunk(cursor, options);
      },
      fetch: () => {
        this.#checkOpen();
        this.#outbox.push(request.fetch, id, grow());
        return this.#chunk(cursor, options);
      },
      close: () => this.#command(request.closeCursor, id),
    }, this.#cursors);
  }

  /** Runs every statement of a script, up to the first that fails. */
  executeScript(sql: string): Promise<void> {
    return this.#command(request.script, sql);
  }

  /** The statements of a script. */
  *splitScript(sql: string): IterableIterator<string> {
    for (const { text } of splitScript(sql)) yield text;
  }

  /** Closes open cursors and rolls the open transaction back, if there is one. */
  rollback(): Promise<void> {
    this.#cutOffCursors(
      new SQLiteError("the cursor was closed by a rollback", resultCode.ABORT_ROLLBACK),
    );
    return this.#command(request.rollback);
  }

  /** Closes the database and ends the thread, when what is under way has been done. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  #abandon(): void {
    if (this.#state !== "open") return;
    // One statement is what its caller has given up; whoever shared the connection still waits.
    const shared = this.#calls.statements > 1;
    const closed = this.close();
    this.#outbox.flush();
    if (!shared) this.#thread.setBusy(false);
    this.#crew.abandoned(closed.then(() => this.#ended, () => this.#ended));
  }

  async #close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#cutOffCursors(connectionClosed());
    const closing = this.#command(request.close);
    this.#state = "closing";
    await closing;
    await this.#ended;
  }

  #prepare(sql: string): RemoteStatement {
    this.#checkOpen();
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#statements.add(sql);
    this.#outbox.push(request.define, statement.id, sql);
    return statement;
  }

  #command(kind: number, ...parts: WirePart[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#checkOpen();
      this.#outbox.push(kind, ...parts);
      this.#calls.add({ kind: "command", expectedMs: 0, answer: () => resolve(), fail: reject });
    });
  }

  #chunk<R>(cursor: HasColumns, options: RowOptions<R> | undefined): Promise<Chunk<R>> {
    return new Promise((resolve, reject) => {
      this.#calls.add({
        kind: "command",
        expectedMs: 0,
        answer: (reader) => resolve(readChunk(reader, cursor, options?.rowFactory)),
        fail: reject,
      });
    });
  }

  #send(message: WirePart[]): void {
    if (this.#state === "closed") return;
    // A definition alone has no answer that would end it.
    if (this.#calls.size > 0) this.#thread.setBusy(true);
    this.#thread.post(message);
  }

  #receive(message: unknown): void {
    if (this.#state === "opening") {
      const { error } = message as OpenReply;
      if (error === undefined) {
        this.#state = "open";
        this.#opened!.resolve();
        this.#thread.setBusy(false);
      } else {
        this.#state = "closed";
        this.#opened!.reject(decodeError(error));
      }
      return;
    }
    this.#calls.heard();
    const reader = new ReplyReader(message as WirePart[]);
    while (!reader.ended) {
      const kind = reader.next<number>();
      this.#inTransaction = reader.next<number>() === 1;
      const ms = reader.next<number>();
      const call = this.#calls.take();
      try {
        if (kind === reply.error) call.fail(decodeError(reader.next()));
        else call.answer(reader, ms);
      } catch (error) {
        // The caller's row factory.
        call.fail(error);
      }
    }
    if (this.#calls.size === 0 && this.#state === "open") this.#thread.setBusy(false);
  }

  #onEnd(reason: unknown): void {
    const expected = this.#state === "closing" && this.#calls.size === 0;
    if (this.#state !== "closed" && !expected) this.#failure = reason;
    this.#state = "closed";
    this.#outbox.clear();
    this.#opened?.reject(reason);
    this.#calls.failAll(reason);
    this.#crew.ended();
    this.#announceEnd();
  }

  #checkOpen(): void {
    if (this.#state === "open") return;
    throw this.#failure ?? connectionClosed();
  }

  #cutOffCursors(reason: SQLiteError): void {
    for (const cursor of [...this.#cursors]) cursor.cutOff(reason);
  }
}
