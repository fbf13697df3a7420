/**
 * A connection whose statements run in a thread of its own.
 *
 * @module
 */

import { connectionClosed, SQLiteError } from "../sqlite/errors.ts";
import type {
  BindParams,
  DriverConnection,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/protocol.ts";
import { resultCode } from "../sqlite/result_codes.ts";
import type { OnTiming } from "../sqlite/timing.ts";
import { bindValues } from "../sqlite/values.ts";
import type { Crew } from "./crew.ts";
import { makeRows } from "./decode_rows.ts";
import { KnownStatements, type RemoteStatement } from "./known_statements.ts";
import { type SpawnWorker, Thread } from "./thread.ts";
import { ReplyReader } from "./reply_reader.ts";
import { type OpenReply, type OpenRequest, reply, request, type WirePart } from "./wire.ts";
import { decodeError } from "./wire_errors.ts";
import { type Chunk, type CutOff, WorkerCursor } from "./worker_cursor.ts";

/** A request that has not been answered. */
interface Call {
  /** What it is expected to take, in milliseconds. */
  readonly expectedMs: number;
  /** Reads what it asked for. */
  answer(reader: ReplyReader, ms: number): void;
  fail(error: unknown): void;
}

/** What a connection has on its host's side. */
export interface WorkerSurroundings {
  /** Starts the thread. */
  readonly spawn: SpawnWorker;
  /** The threads that this one counts with. */
  readonly crew: Crew;
  /** Called after each statement, with the time in its thread. */
  readonly onTiming: OnTiming | undefined;
}

/** The columns of a cursor's rows, as they were last told. */
interface Columns {
  names: readonly string[];
}

function isStatement({ expectedMs }: Call): boolean {
  return expectedMs > 0;
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
  /** Oldest first. */
  #calls: Call[] = [];
  #answered = 0;
  #outbox: WirePart[] = [];
  #backlogMs = 0;
  /** When the thread last answered, or got its first call. */
  #heardAt = 0;
  #nextCursor = 0;
  #inTransaction = false;
  readonly #crew: Crew;
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
    if (this.#calls.length === 0) return 0;
    // A statement that takes longer than was expected is not over yet.
    return Math.max(this.#backlogMs, performance.now() - this.#heardAt);
  }

  /** Runs one statement, after those that were called before it; see `DriverConnection`. */
  execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    return this.#execute(request.execute, sql, params, options);
  }

  /** Runs one statement in a savepoint of its own; see `DriverConnection`. */
  executeInSavepoint<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    return this.#execute(request.executeInSavepoint, sql, params, options);
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
      this.#push(kind, statement.id, options?.firstRowOnly === true ? 1 : 0);
      this.#pushValues(values);
      this.#expect({
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
    const columns: Columns = { names: [] };
    let size = SMALLEST_CHUNK;
    const grow = (): number => size = Math.min(2 * size, LARGEST_CHUNK);
    return new WorkerCursor<R>({
      open: () => {
        const statement = this.#prepare(sql);
        const values = bindValues(params, statement.parsed.parameters);
        const most = options?.firstRowOnly === true ? 1 : size;
        this.#push(request.openCursor, id, statement.id, most);
        this.#pushValues(values);
        return this.#chunk(columns, options);
      },
      fetch: () => {
        this.#checkOpen();
        this.#push(request.fetch, id, grow());
        return this.#chunk(columns, options);
      },
      close: () => this.#command(request.closeCursor, id),
    }, this.#cursors);
  }

  /** Runs every statement of a script, up to the first that fails. */
  executeScript(sql: string): Promise<void> {
    return this.#command(request.script, sql);
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
    const shared = this.#calls.slice(this.#answered).filter(isStatement).length > 1;
    const closed = this.close();
    this.#flush();
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
    this.#push(request.define, statement.id, sql);
    return statement;
  }

  #command(kind: number, ...parts: WirePart[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#checkOpen();
      this.#push(kind, ...parts);
      this.#expect({ expectedMs: 0, answer: () => resolve(), fail: reject });
    });
  }

  #chunk<R>(columns: Columns, options: RowOptions<R> | undefined): Promise<Chunk<R>> {
    return new Promise((resolve, reject) => {
      this.#expect({
        expectedMs: 0,
        answer: (reader) => resolve(readChunk(reader, columns, options?.rowFactory)),
        fail: reject,
      });
    });
  }

  #push(...parts: WirePart[]): void {
    // Whoever comes first in a turn of the event loop sees to it that all travel at its end.
    if (this.#outbox.length === 0) queueFlush(() => this.#flush());
    for (let i = 0; i < parts.length; i++) this.#outbox.push(parts[i]);
  }

  #pushValues(values: readonly SQLiteValue[]): void {
    this.#outbox.push(values.length);
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      // A copy: the caller may change its bytes before they travel, and all of the memory that
      // they are a part of would travel with them.
      this.#outbox.push(value instanceof Uint8Array ? value.slice() : value);
    }
  }

  #expect(call: Call): void {
    if (this.#calls.length === 0) this.#heardAt = performance.now();
    this.#calls.push(call);
    this.#backlogMs += call.expectedMs;
  }

  #flush(): void {
    const message = this.#outbox;
    if (message.length === 0 || this.#state === "closed") return;
    this.#outbox = [];
    // A definition alone has no answer that would end it.
    if (this.#calls.length > 0) this.#thread.setBusy(true);
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
    this.#heardAt = performance.now();
    const reader = new ReplyReader(message as WirePart[]);
    while (!reader.ended) {
      const kind = reader.next<number>();
      this.#inTransaction = reader.next<number>() === 1;
      const ms = reader.next<number>();
      const call = this.#takeCall();
      try {
        if (kind === reply.error) call.fail(decodeError(reader.next()));
        else call.answer(reader, ms);
      } catch (error) {
        // The caller's row factory.
        call.fail(error);
      }
    }
    if (this.#calls.length === 0 && this.#state === "open") this.#thread.setBusy(false);
  }

  #takeCall(): Call {
    const call = this.#calls[this.#answered++];
    this.#backlogMs -= call.expectedMs;
    if (this.#answered === this.#calls.length) {
      this.#calls = [];
      this.#answered = 0;
      this.#backlogMs = 0;
    }
    return call;
  }

  #onEnd(reason: unknown): void {
    const expected = this.#state === "closing" && this.#answered === this.#calls.length;
    if (this.#state !== "closed" && !expected) this.#failure = reason;
    this.#state = "closed";
    this.#outbox = [];
    this.#opened?.reject(reason);
    const calls = this.#calls.slice(this.#answered);
    this.#calls = [];
    this.#answered = 0;
    this.#backlogMs = 0;
    for (const call of calls) call.fail(reason);
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

const { setImmediate = setTimeout } = globalThis as {
  setImmediate?: (callback: () => void) => unknown;
};

/** After the microtasks of this turn: until then, callers who were just answered ask again. */
const queueFlush: (flush: () => void) => void = (flush) => void setImmediate(flush);

function readResult<R>(
  reader: ReplyReader,
  statement: RemoteStatement,
  rowFactory: RowFactory<R> | undefined,
): ResultSet<R> {
  const news = reader.next<string[] | undefined>();
  if (news !== undefined) statement.columns = news;
  const rowsAffected = reader.next<number>();
  const lastInsertRowid = reader.next<number | bigint | undefined>();
  const rows = makeRows(reader, statement.columns, rowFactory);
  return { columns: statement.columns.slice(), rows, rowsAffected, lastInsertRowid };
}

function readChunk<R>(
  reader: ReplyReader,
  columns: Columns,
  rowFactory: RowFactory<R> | undefined,
): Chunk<R> {
  const news = reader.next<string[] | undefined>();
  if (news !== undefined) columns.names = news;
  const ended = reader.next<number>() === 1;
  return { ended, rows: makeRows(reader, columns.names, rowFactory) };
}
