/**
 * Requests to a thread and its replies.
 *
 * @module
 */

import { type OnTiming, reportTiming } from "../driver/timing.ts";
import { systemEnvironment } from "../platform/clock.ts";
import { bindValues } from "../sqlite/bind.ts";
import { classify } from "../sqlite/classify.ts";
import { withStatement } from "../sqlite/errors.ts";
import type { BindParams, ResultSet, StatementDescription } from "../sqlite/types.ts";
import { KnownStatements, type RemoteStatement } from "./known_statements.ts";
import { PendingCalls } from "./pending_calls.ts";
import { type Chunk, type HasColumns, ReplyReader, type RowReader } from "./reply_reader.ts";
import type { LostError } from "./peer.ts";
import { MessageWriter, reply, request, type WirePart } from "./wire/wire.ts";
import { decodeError } from "./wire/wire_errors.ts";

const { clock } = systemEnvironment;

/** The host's side of a cursor. */
export interface RemoteCursor extends HasColumns {
  readonly id: number;
  readonly sql: string;
}

/** Sends requests, batched per turn of the event loop, and reads the replies. */
export class Channel {
  /** The requests without a reply. */
  readonly calls: PendingCalls = new PendingCalls();
  /** Whether a transaction was open at the last reply. */
  inTransaction = false;
  readonly #statements = new KnownStatements((id) => this.#parts().push(request.forget, id));
  readonly #flush = (): void => this.flush();
  readonly #send: (message: MessageWriter) => void;
  readonly #onTiming: OnTiming | undefined;
  readonly #announces: boolean;
  #message = new MessageWriter();
  #nextCursor = 0;

  /**
   * @param send Sends a message.
   * @param onTiming Called after each statement with its execution time in the thread.
   * @param announces Whether the other side announces commits.
   */
  constructor(
    send: (message: MessageWriter) => void,
    onTiming: OnTiming | undefined,
    announces: boolean = false,
  ) {
    this.#send = send;
    this.#onTiming = onTiming;
    this.#announces = announces;
  }

  /**
   * Runs a statement.
   *
   * @param kind The request: `execute` or `executeInTransaction`.
   * @param sql The statement.
   * @param params Its parameters, which are copied during this call.
   * @param firstRowOnly Whether to read only the first row.
   * @param readRows Reads the rows.
   */
  execute<T>(
    kind: number,
    sql: string,
    params: BindParams | undefined,
    firstRowOnly: boolean,
    readRows: RowReader<T>,
  ): Promise<ResultSet<T>> {
    return new Promise((resolve, reject) => {
      const statement = this.#request(kind, sql, firstRowOnly ? 1 : 0, params);
      this.calls.add({
        kind: "statement",
        expectedMs: statement.averageMs,
        isAnnounced: this.#announces && takesEffectWhenAnnounced(sql),
        answer: (reader, ms) => {
          statement.took(ms);
          resolve(reader.result(statement, readRows));
          if (this.#onTiming !== undefined) reportTiming(this.#onTiming, sql, ms);
        },
        fail: reject,
      });
    });
  }

  /** Asks what a statement is. */
  describe(sql: string): Promise<StatementDescription> {
    this.#parts().push(request.describe, sql);
    return this.#answer((reader) => reader.description(), (error) => withStatement(error, sql));
  }

  /** Creates a cursor, which is unknown to the thread until it is opened. */
  cursor(sql: string): RemoteCursor {
    // A cursor has its own columns, because the statement may run again with different ones or be
    // forgotten.
    return { id: this.#nextCursor++, sql, columns: [] };
  }

  /**
   * Opens a cursor and fetches its first rows.
   *
   * @param cursor The cursor.
   * @param params The parameters of its statement.
   * @param most The maximum number of rows to fetch.
   * @param readRows Reads the rows.
   */
  open<T>(
    cursor: RemoteCursor,
    params: BindParams | undefined,
    most: number,
    readRows: RowReader<T>,
  ): Promise<Chunk<T>> {
    this.#request(request.openCursor, cursor.sql, most, params, cursor.id);
    return this.#chunk(cursor, readRows);
  }

  /** Fetches more rows of a cursor. */
  fetch<T>(cursor: RemoteCursor, most: number, readRows: RowReader<T>): Promise<Chunk<T>> {
    this.#parts().push(request.fetch, cursor.id, most);
    return this.#chunk(cursor, readRows);
  }

  /** Sends a request whose reply has no data. */
  ask(kind: number, ...parts: WirePart[]): Promise<void> {
    this.#parts().push(kind, ...parts);
    return this.#answer(() => {}, (error) => error);
  }

  /** Sends pending requests before the end of the turn. */
  flush(): void {
    const message = this.#message;
    if (message.parts.length === 0) return;
    this.#message = new MessageWriter();
    this.#send(message);
    this.calls.sent();
  }

  /**
   * Reads a message and settles the calls it replies to.
   *
   * @throws if the message is malformed, so that nothing after it can be read.
   */
  receive(message: readonly WirePart[]): void {
    this.calls.heard();
    const reader = new ReplyReader(message);
    while (!reader.ended) {
      const kind = reader.next<number>();
      this.inTransaction = reader.next<number>() === 1;
      const ms = reader.next<number>();
      if (kind === reply.committing) {
        this.calls.announced();
        continue;
      }
      const call = this.calls.take();
      try {
        if (kind === reply.error) call.fail(decodeError(reader.next()));
        else call.answer(reader, ms);
      } catch (error) {
        call.fail(error);
        throw error;
      }
    }
  }

  /** Drops unsent requests and fails all calls without a reply. */
  end(lost: LostError): void {
    this.#message = new MessageWriter();
    this.calls.failAll(lost);
  }

  /** Returns the pending message to which requests are added. */
  #parts(): WirePart[] {
    const { parts } = this.#message;
    // The first request of a turn schedules the message for the end of the turn. That is after the
    // microtasks, in which callers that have just been answered make their next requests.
    if (parts.length === 0) clock.nextTurn(this.#flush);
    return parts;
  }

  /** Adds a request to run a statement. */
  #request(
    kind: number,
    sql: string,
    most: number,
    params: BindParams | undefined,
    cursor?: number,
  ): RemoteStatement {
    const statement = this.#statements.get(sql) ?? this.#define(sql);
    try {
      const values = bindValues(params, statement.parsed.parameters);
      const parts = this.#parts();
      const start = parts.length;
      try {
        if (cursor === undefined) parts.push(kind, statement.id, most);
        else parts.push(kind, statement.id, most, cursor);
        this.#message.values(values);
      } catch (error) {
        // If there is no memory to copy its bytes, the partial request must not be sent.
        parts.length = start;
        throw error;
      }
    } finally {
      this.#statements.used(sql, statement);
    }
    return statement;
  }

  #define(sql: string): RemoteStatement {
    const statement = this.#statements.add(sql);
    this.#parts().push(request.define, statement.id, sql);
    return statement;
  }

  #chunk<T>(cursor: RemoteCursor, readRows: RowReader<T>): Promise<Chunk<T>> {
    return this.#answer(
      (reader) => reader.chunk(cursor, readRows),
      (error) => withStatement(error, cursor.sql),
    );
  }

  #answer<T>(
    read: (reader: ReplyReader) => T,
    explain: (error: unknown) => unknown,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.calls.add({
        kind: "command",
        expectedMs: 0,
        answer: (reader) => resolve(read(reader)),
        fail: (error) => reject(explain(error)),
      });
    });
  }
}

/** What reads has no effect; what writes rows is announced, or committed by a later statement. */
function takesEffectWhenAnnounced(sql: string): boolean {
  const { reads, writes } = classify(sql);
  return reads || writes;
}
