/**
 * The thread's side: runs requests on a connection and replies. It does not depend on threads, so
 * that it can be tested without one.
 *
 * @module
 */

import { classify } from "../../sqlite/classify.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import { ERROR } from "../../sqlite/result_codes.ts";
import type { ResultSet, SQLiteValue } from "../../sqlite/types.ts";
import { areEqual } from "../../driver/columns.ts";
import { describeWith } from "../../driver/describe_statement.ts";
import type { RowCursor } from "../../driver/sync_cursor.ts";
import { arrayRow } from "../../sqlite/array_row.ts";
import type { SyncConnection } from "../../driver/sync_connection.ts";
import { RowPacker } from "./row_packer.ts";
import { MessageReader, MessageWriter, reply, request, type WirePart } from "../wire/wire.ts";
import { encodeError } from "../wire/wire_errors.ts";

/** Replies are sent when there are this many ... */
const MOST_REPLIES = 24;

/** ... or when the first has waited for this long, so that both threads have work. */
const LONGEST_WAIT_MS = 0.3;

/** The approximate maximum size of the text and bytes in a cursor chunk. */
const CHUNK_LENGTH = 256 * 1024;

/** A statement defined by the host. */
interface KnownStatement {
  readonly sql: string;
  /** Whether it can share a transaction with other reads. */
  readonly reads: boolean;
  /** The columns that were last sent to the host. */
  columns: readonly string[] | undefined;
}

interface OpenRows {
  readonly cursor: RowCursor<SQLiteValue[]>;
  columns: readonly string[] | undefined;
  /** The column names of the last row. */
  current: readonly string[];
}

/** Whether the host learns when a commit begins: what was not announced has not taken effect. */
export type ServerMode = "silent" | "announces";

/** Runs requests in order of arrival. */
export class Server {
  readonly #connection: SyncConnection;
  readonly #post: (message: MessageWriter) => void;
  readonly #now: () => number;
  readonly #mode: ServerMode;
  readonly #statements: (KnownStatement | undefined)[] = [];
  readonly #cursors = new Map<number, OpenRows>();
  readonly #packer = new RowPacker();
  #transaction: "as requested" | "shared by reads" = "as requested";
  #replies = startMessage();
  #waiting = 0;
  #postedAt = 0;
  #startedAt = 0;
  /** Where the reply to the current request begins. */
  #replyAt = 0;

  /**
   * @param connection the connection that runs the requests.
   * @param post sends a message to the host.
   * @param now returns the time in milliseconds.
   * @param mode whether it announces commits.
   */
  constructor(
    connection: SyncConnection,
    post: (message: MessageWriter) => void,
    now: () => number,
    mode: ServerMode = "silent",
  ) {
    this.#connection = connection;
    this.#post = post;
    this.#now = now;
    this.#mode = mode;
  }

  /** Runs all requests of a message. Returns true if the last one closed the connection. */
  receive(message: readonly WirePart[]): boolean {
    const reader = new MessageReader(message);
    this.#startedAt = this.#postedAt = this.#now();
    let closed = false;
    while (!reader.ended && !closed) {
      const kind = reader.next<number>();
      if (kind === request.define) {
        const id = reader.next<number>();
        const sql = reader.next<string>();
        this.#statements[id] = { sql, reads: classify(sql).reads, columns: undefined };
        continue;
      }
      if (kind === request.forget) {
        this.#statements[reader.next<number>()] = undefined;
        continue;
      }
      this.#replyAt = this.#replies.parts.length;
      try {
        closed = this.#run(kind, reader);
      } catch (error) {
        this.#replies.parts.length = this.#replyAt;
        this.#begin(reply.error);
        this.#replies.parts.push(encodeError(error));
      }
      this.#finish(reader);
    }
    this.#flush();
    return closed;
  }

  /** Runs one request up to its reply. A failed request has been read completely by then. */
  #run(kind: number, reader: MessageReader): boolean {
    switch (kind) {
      case request.execute:
      case request.executeInTransaction:
      case request.executeAlone:
        this.#execute(reader, kind);
        return false;
      case request.describe:
        this.#describe(reader.next());
        return false;
      case request.openCursor:
        this.#openCursor(reader);
        return false;
      case request.fetch:
        this.#fetch(reader.next(), reader.next());
        return false;
      case request.closeCursor:
        this.#closeCursor(reader.next());
        break;
      case request.script:
        this.#connection.executeScriptSync(reader.next());
        break;
      case request.rollback:
        this.#cursors.clear();
        this.#connection.rollbackSync();
        break;
      case request.close:
        this.#cursors.clear();
        this.#connection.closeSync();
    }
    this.#begin(reply.done);
    return kind === request.close;
  }

  #execute(reader: MessageReader, kind: number): void {
    const statement = this.#statements[reader.next<number>()]!;
    const firstRowOnly = reader.next() === 1;
    const params = reader.values(reader.next());
    if (statement.reads) this.#mayShare(kind, reader);
    if (kind === request.executeInTransaction && !this.#connection.inTransaction) {
      throw new SQLiteError("the transaction has ended: the statement did not run", ERROR);
    }
    const run = (): ResultSet<SQLiteValue[]> =>
      this.#connection.executeSync(statement.sql, params, { rowFactory: arrayRow, firstRowOnly });
    const { columns, rows, rowsAffected, lastInsertRowid } = this.#runsAlone(kind, statement.sql)
      ? this.#commit(run)
      : run();
    const news = areEqual(columns, statement.columns) ? undefined : columns;
    this.#begin(reply.result);
    this.#replies.parts.push(news, rowsAffected, lastInsertRowid, rows.length);
    this.#packer.pack(rows, columns.length, this.#replies);
    // Recorded last: if the rows cannot be packed, their columns are not sent either.
    statement.columns = columns;
  }

  /**
   * Lets reads that arrive together share a transaction. It begins after all of them were called, so
   * each sees everything that had been committed by then.
   */
  #mayShare(kind: number, reader: MessageReader): void {
    if (this.#transaction === "shared by reads" || kind !== request.execute) return;
    if (!this.#readFollows(reader)) return;
    // An open cursor would keep the transaction from ending.
    if (this.#cursors.size > 0 || this.#connection.inTransaction) return;
    if (this.#connection.beginReads()) this.#transaction = "shared by reads";
  }

  #readFollows(reader: MessageReader): boolean {
    return !reader.ended && reader.peek(0) === request.execute &&
      this.#statements[reader.peek<number>(1)]?.reads === true;
  }

  #endShared(): void {
    this.#transaction = "as requested";
    if (!this.#connection.endReads()) this.#connection.rollbackSync();
  }

  /** A commit can be announced only if it is a statement of its own. */
  #runsAlone(kind: number, sql: string): boolean {
    if (kind === request.executeAlone) return true;
    if (this.#mode === "silent" || this.#connection.inTransaction) return false;
    return kind === request.execute && classify(sql).writes;
  }

  /** Earlier replies arrive before the announcement. */
  #announce(): void {
    this.#begin(reply.committing);
    this.#waiting += 1;
    this.#flush();
    this.#replyAt = this.#replies.parts.length;
  }

  #describe(sql: string): void {
    const described = JSON.stringify(describeWith(this.#connection, sql));
    this.#begin(reply.description);
    this.#replies.parts.push(described);
  }

  /** Runs a task in its own transaction, which leaves nothing behind if it fails. */
  #commit<T>(run: () => T): T {
    this.#connection.executeSync("BEGIN IMMEDIATE");
    try {
      const result = run();
      if (this.#mode === "announces") this.#announce();
      this.#connection.executeSync("COMMIT");
      return result;
    } catch (error) {
      this.#connection.rollbackSync();
      throw error;
    }
  }

  #openCursor(reader: MessageReader): void {
    const statement = this.#statements[reader.next<number>()]!;
    const most = reader.next<number>();
    const id = reader.next<number>();
    const params = reader.values(reader.next());
    const open: OpenRows = {
      cursor: this.#connection.iterate(statement.sql, params, {
        firstRowOnly: most === 1,
        rowFactory: (values, columns) => {
          open.current = columns;
          return values;
        },
      }),
      columns: undefined,
      current: [],
    };
    this.#cursors.set(id, open);
    this.#fetch(id, most);
  }

  #fetch(id: number, most: number): void {
    const open = this.#cursors.get(id);
    // The cursor was rolled back or closed, which the host already knows.
    if (open === undefined) {
      this.#begin(reply.chunk);
      this.#replies.parts.push(undefined, 1, 0);
      return;
    }
    const { cursor } = open;
    const rows: SQLiteValue[][] = [];
    let ended = false;
    let length = 0;
    try {
      while (!ended && rows.length < most && length < CHUNK_LENGTH) {
        const { done, value } = cursor.nextSync();
        if (done) ended = true;
        else {
          rows.push(value);
          length += lengthOf(value);
        }
      }
      const news = areEqual(open.current, open.columns) ? undefined : open.current;
      open.columns = open.current;
      this.#begin(reply.chunk);
      this.#replies.parts.push(news, ended ? 1 : 0, rows.length);
      this.#packer.pack(rows, open.current.length, this.#replies);
    } catch (error) {
      this.#closeCursor(id);
      throw error;
    }
    if (ended) this.#cursors.delete(id);
  }

  #closeCursor(id: number): void {
    this.#cursors.get(id)?.cursor.returnSync();
    this.#cursors.delete(id);
  }

  #begin(kind: number): void {
    const open = this.#transaction === "as requested" && this.#connection.inTransaction;
    // The time is filled in later.
    this.#replies.parts.push(kind, open ? 1 : 0, 0);
  }

  #finish(reader: MessageReader): void {
    const now = this.#now();
    this.#replies.parts[this.#replyAt + 2] = now - this.#startedAt;
    this.#startedAt = now;
    this.#waiting += 1;
    const posts = this.#waiting >= MOST_REPLIES || now - this.#postedAt > LONGEST_WAIT_MS;
    // Whoever has an answer may rely on its read being over.
    const shared = this.#transaction === "shared by reads";
    if (shared && (posts || !this.#readFollows(reader))) this.#endShared();
    if (posts) this.#flush();
  }

  #flush(): void {
    if (this.#waiting === 0) return;
    const replies = this.#replies;
    const { parts } = replies;
    const [numbers, , bytes] = [parts[0], parts[1], parts[2]] = this.#packer.take();
    replies.handOver(numbers);
    replies.handOver(bytes);
    this.#replies = startMessage();
    this.#waiting = 0;
    this.#post(replies);
    this.#postedAt = this.#now();
  }
}

/** The stores come first but are completed last. */
function startMessage(): MessageWriter {
  const message = new MessageWriter();
  message.parts.push(undefined, [], undefined);
  return message;
}

/** The approximate size of the text and bytes of a row. */
function lengthOf(values: readonly SQLiteValue[]): number {
  let length = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "string" || value instanceof Uint8Array) length += value.length;
  }
  return length;
}
