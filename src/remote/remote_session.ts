/**
 * Reads and writes of somebody who sees their own writes, and never goes back in time.
 *
 * @module
 */

import type { Environment } from "../platform/clock.ts";
import { describeValue } from "../platform/describe.ts";
import { PoolClosedError } from "../pool/errors.ts";
import { type AcquireOptions, checkCallOptions, WAIT_OPTION_NAMES } from "../pool/options.ts";
import type { Wait } from "../pool/wait_queue.ts";
import { bindValues } from "../sqlite/bind.ts";
import { classify } from "../sqlite/classify.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/types.ts";
import { BufferedCursor } from "../driver/buffered_cursor.ts";
import { resultSetOf } from "../sqlite/outcome.ts";
import type { Connection } from "../connections/connection.ts";
import {
  allRows,
  AS_VALUES,
  FIRST_AS_VALUES,
  firstRow,
  firstValue,
  paramsOf,
  type Query,
  takeCall,
  textOf,
  wholeResult,
} from "../connections/query.ts";
import { isInside } from "../platform/reentrancy.ts";
import type { BatchStatement } from "../database/writing/batch.ts";
import type { CallOptions, Session, WriteOptions } from "../database/database.ts";
import { calledInsideWrite } from "../database/database_errors.ts";
import { type Calls, outcomeOf } from "./call.ts";
import type { Cluster } from "./cluster.ts";
import { bookmarkOf, type Position } from "./position.ts";
import type { KnownStatement, KnownStatements } from "./known_statements.ts";
import {
  checkConsistency,
  type RemoteCallOptions,
  type RemoteRunOptions,
  type ResolvedRemoteOptions,
} from "./options.ts";
import type { Reads } from "./reads.ts";
import type { Transactions } from "./transactions.ts";
import {
  decodeResult,
  encodeBatch,
  encodeSequence,
  encodeStatement,
  encodeStep,
  GET_AUTOCOMMIT,
  plain,
  refuseValue,
  type WireResult,
} from "./hrana/wire.ts";
import type { EncodedStatement, Writes } from "./writes.ts";

const READ_OPTIONS: readonly string[] = [...WAIT_OPTION_NAMES, "rowFactory", "consistency"];
const RUN_OPTIONS: readonly string[] = [...WAIT_OPTION_NAMES, "rowFactory", "retry"];
const WRITE_OPTIONS: readonly string[] = [...WAIT_OPTION_NAMES, "mode", "retries"];

/** What the sessions of a database share. */
export interface SessionParts<R> {
  readonly cluster: Cluster;
  readonly calls: Calls;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly statements: KnownStatements;
  readonly environment: Environment;
  readonly options: ResolvedRemoteOptions<R>;
  /** Loads what interactive transactions take. */
  readonly transactions: () => Promise<Transactions<R>>;
  /** What callbacks run inside, to notice a call that waits for its own callback. */
  readonly owner: object;
  readonly closed: () => boolean;
}

/** A statement with its parameters, ready to go. */
interface Prepared extends EncodedStatement {
  readonly known: KnownStatement;
}

/**
 * A session of a database on servers: it sees its own writes and whatever it has seen before, on
 * every server, and in every process that its bookmark is handed to.
 */
export class RemoteSession<R = Row> implements Session<R> {
  readonly #parts: SessionParts<R>;
  readonly #position: Position;

  /**
   * `db.session()` makes sessions.
   *
   * @internal
   */
  constructor(parts: SessionParts<R>, index: number) {
    this.#parts = parts;
    this.#position = { generation: 0, index: 0 };
    parts.cluster.log.required(this.#position);
    this.#position.index = Math.max(index, 0);
  }

  /** What this session has seen, as text: `db.session({ after })` goes on from there. */
  get bookmark(): string {
    return bookmarkOf(this.#parts.cluster.log.required(this.#position));
  }

  /**
   * The first row of one statement.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options wait, row factory and consistency of this call.
   * @returns the row; `undefined` when there is none.
   * @throws {SQLiteError} when the server refuses the statement, or when it writes.
   */
  async get<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<T> = {},
  ): Promise<T | undefined> {
    return await this.#read("get", query, params, options, { firstRowOnly: true }, firstRow);
  }

  /**
   * All rows of one statement.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options wait, row factory and consistency of this call.
   * @returns the rows; none is an empty array.
   * @throws {SQLiteError} when the server refuses the statement, or when it writes.
   */
  async all<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<T> = {},
  ): Promise<T[]> {
    return await this.#read("all", query, params, options, {}, allRows);
  }

  /**
   * The first value of the first row of one statement.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options wait and consistency of this call.
   * @returns the value; `undefined` when there is no row.
   * @throws {SQLiteError} when the server refuses the statement, or when it writes.
   */
  async value(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<never> = {},
  ): Promise<SQLiteValue | undefined> {
    const { rowFactory: _, ...wait } = options;
    return await this.#read<SQLiteValue[], SQLiteValue | undefined>(
      "value",
      query,
      params,
      wait as RemoteCallOptions<SQLiteValue[]>,
      FIRST_AS_VALUES,
      firstValue,
    );
  }

  /**
   * All rows of one statement as arrays. Columns of the same name are all kept.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options wait and consistency of this call.
   * @returns the values of each row, in the order of the columns.
   * @throws {SQLiteError} when the server refuses the statement, or when it writes.
   */
  async values(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<never> = {},
  ): Promise<SQLiteValue[][]> {
    const { rowFactory: _, ...wait } = options;
    return await this.#read<SQLiteValue[], SQLiteValue[][]>(
      "values",
      query,
      params,
      wait as RemoteCallOptions<SQLiteValue[]>,
      AS_VALUES,
      allRows,
    );
  }

  /**
   * Rows one after the other. The server sends all of them with the first.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options wait, row factory and consistency of this call.
   * @returns an iterator for `for await`, to be used once; nothing happens before its first row.
   */
  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<T> = {},
  ): AsyncIterableIterator<T> {
    const taken = takeCall(query, params, options);
    const read = async (): Promise<T[]> => {
      const call = taken();
      return await this.#read<T, T[]>("iterate", call.sql, call.params, call.options, {}, allRows);
    };
    return new BufferedCursor(read, new Set());
  }

  /**
   * Runs `fn` on one snapshot of the primary.
   *
   * @param fn gets the connection, which is dead once `fn` has settled.
   * @param options wait for a stream; `timeoutMs` is the limit of `fn` too.
   * @returns what `fn` returns.
   * @throws {QueryTimeoutError} when `timeoutMs` or `queryTimeoutMs` is over.
   */
  async read<S>(
    fn: (snapshot: Connection<R>) => S | PromiseLike<S>,
    options: AcquireOptions = {},
  ): Promise<S> {
    this.#expectOpen();
    checkCallback("read", fn);
    checkCallOptions(options, WAIT_OPTION_NAMES);
    const transactions = await this.#parts.transactions();
    return await transactions.read(this.#position, fn, options);
  }

  /**
   * Runs one statement where it belongs: as `all` does when it only reads, as `run` otherwise.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options wait and row factory of this call.
   * @returns columns, rows, and what the statement changed.
   * @throws {SQLiteError} when the server refuses the statement.
   */
  async execute<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> = {},
  ): Promise<ResultSet<T>> {
    if (!classify(textOf(query)).reads) return await this.run(query, params, options);
    return await this.#read("execute", query, params, options, {}, wholeResult);
  }

  /**
   * Runs one statement on the primary. Inserts, updates and deletes that meet share a transaction,
   * unless they have RETURNING; each is answered when it is committed, and fails alone.
   *
   * @param query SQL text, or what the `sql` tag made.
   * @param params values by position or by name.
   * @param options wait and row factory of this call, and whether it may run twice.
   * @returns what the statement gave back, rows of RETURNING included.
   * @throws {SQLiteError} when the server refuses the statement.
   * @throws {OutcomeUnknownError} when the answer was lost.
   */
  async run<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteRunOptions<T> = {},
  ): Promise<ResultSet<T>> {
    return await this.#writing("run", options, RUN_OPTIONS, async (limit) => {
      const { retry = false } = options;
      if (typeof retry !== "boolean") {
        throw new TypeError(`retry must be true or false; got ${describeValue(retry)}`);
      }
      const prepared = this.#prepare(query, params);
      prepared.known.expectNoTransaction("run");
      const rows = { rowFactory: this.#rowFactory(options.rowFactory) };
      const call = this.#parts.calls.begin(true, limit);
      this.#parts.writes.add({
        call,
        kind: prepared.known.sharesCommit ? "shared" : "alone",
        statements: [prepared],
        requests: [],
        position: this.#position,
        retry,
        decode: ([result]) => this.#decode(prepared.known, result, rows),
      });
      return await outcomeOf(call, prepared.sql);
    });
  }

  /**
   * Runs statements in one transaction, which is one request: all of them or none.
   *
   * @param statements what to run, in this order.
   * @param options how the call waits.
   * @returns a result for each statement.
   * @throws {SQLiteError} for the first statement that fails; nothing has happened then.
   * @throws {OutcomeUnknownError} when the answer was lost.
   */
  async batch<T = R>(
    statements: readonly BatchStatement<T>[],
    options: AcquireOptions = {},
  ): Promise<ResultSet<T>[]> {
    return await this.#writing("batch", options, WAIT_OPTION_NAMES, async (limit) => {
      if (!Array.isArray(statements)) {
        throw new TypeError(
          `batch takes an array of { sql, params }; got ${describeValue(statements)}`,
        );
      }
      const prepared = statements.map(({ sql, params }) => this.#prepare(sql, params));
      const factories = statements.map(({ rowFactory }) => this.#rowFactory(rowFactory));
      for (const { known } of prepared) known.expectNoTransaction("batch");
      if (prepared.length === 0) return [];
      const call = this.#parts.calls.begin(true, limit);
      this.#parts.writes.add({
        call,
        kind: "together",
        statements: prepared,
        requests: [],
        position: this.#position,
        retry: false,
        decode: (results) =>
          results.map((result, i) =>
            this.#decode(prepared[i].known, result, { rowFactory: factories[i] })
          ),
      });
      return await outcomeOf(call);
    });
  }

  /**
   * Runs every statement of a script on the primary, up to the first that fails. It is no
   * transaction unless the script makes it one.
   *
   * @param sql the statements, without parameters.
   * @param options how the call waits.
   * @throws {SQLiteError} when a statement fails; those before it have taken effect.
   */
  async executeScript(sql: string, options: AcquireOptions = {}): Promise<void> {
    return await this.#writing("executeScript", options, WAIT_OPTION_NAMES, async (limit) => {
      if (typeof sql !== "string") {
        throw new TypeError(`executeScript takes SQL text; got ${describeValue(sql)}`);
      }
      const call = this.#parts.calls.begin(true, limit);
      this.#parts.writes.add({
        call,
        kind: "script",
        statements: [],
        // The last one tells how far the log has got, which a sequence does not.
        requests: [encodeSequence(sql), GET_AUTOCOMMIT, LAST],
        position: this.#position,
        retry: false,
        decode: () => undefined,
      });
      return await outcomeOf(call);
    });
  }

  /**
   * Runs `fn` in a transaction on the primary: commits when it returns, rolls back when it throws.
   *
   * @param fn gets the connection, which is dead once `fn` has settled.
   * @param options wait for a stream, which is the limit of `fn` too; mode and retries.
   * @returns what `fn` returns, once it is committed.
   * @throws what `fn` throws, after the rollback.
   * @throws {QueryTimeoutError} when `timeoutMs` or `queryTimeoutMs` is over.
   * @throws {OutcomeUnknownError} when the answer to COMMIT was lost.
   */
  async write<S>(
    fn: (tx: Connection<R>) => S | PromiseLike<S>,
    options: WriteOptions = {},
  ): Promise<S> {
    this.#expectOpen();
    if (isInside(this.#parts.owner)) throw calledInsideWrite("write");
    checkCallback("write", fn);
    checkCallOptions(options, WRITE_OPTIONS);
    const transactions = await this.#parts.transactions();
    return await transactions.write(this.#parts.owner, this.#position, fn, options);
  }

  async #read<T, S>(
    method: string,
    query: Query,
    params: BindParams | undefined,
    options: RemoteCallOptions<T>,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    this.#expectOpen();
    checkCallOptions(options, READ_OPTIONS);
    const { consistency = this.#parts.options.consistency } = options;
    checkConsistency(consistency);
    const { known, encoded, values, sql } = this.#prepare(query, params);
    known.expectRead(method);
    const made = { rowFactory: this.#rowFactory(options.rowFactory), ...rows };
    const call = this.#parts.calls.begin(false, this.#limit(options));
    this.#parts.reads.add({
      call,
      known,
      encoded,
      values,
      consistency,
      position: this.#position,
      decode: (result) => pick(this.#decode(known, result, made)),
    });
    return await outcomeOf(call, sql);
  }

  /** Every function on the way is an async one: some runtimes' stacks lead to the caller only so. */
  async #writing<S>(
    method: string,
    options: AcquireOptions,
    known: readonly string[],
    use: (limit: Wait) => Promise<S>,
  ): Promise<S> {
    this.#expectOpen();
    if (isInside(this.#parts.owner)) throw calledInsideWrite(method);
    checkCallOptions(options, known);
    return await use(this.#limit(options));
  }

  #prepare(query: Query, params: BindParams | undefined): Prepared {
    const sql = textOf(query);
    const known = this.#parts.statements.of(sql);
    const { parameters, returning, verb } = known.statement;
    const values = bindValues(paramsOf(query, params), parameters);
    values.forEach((value, i) => {
      const reason = refuseValue(value);
      if (reason !== undefined) throw new RangeError(`parameter ${i + 1} ${reason}`);
    });
    const givesRows = returning || !["insert", "replace", "update", "delete"].includes(verb);
    return { known, sql, values, encoded: encodeStatement(known.statement, values, givesRows) };
  }

  #decode<T>(known: KnownStatement, result: WireResult, rows: RowOptions<T>): ResultSet<T> {
    const { intMode } = this.#parts.options;
    return resultSetOf(known.statement.verb, decodeResult(result, intMode), intMode, rows);
  }

  #rowFactory<T>(own: RowFactory<T> | undefined): RowFactory<T> | undefined {
    // Without a factory of its own a call makes rows of the default type: T is R then.
    return own ?? this.#parts.options.rowFactory as unknown as RowFactory<T> | undefined;
  }

  #limit(options: AcquireOptions): Wait {
    const { signal, timeoutMs = this.#parts.options.queryTimeoutMs } = options;
    return { signal, timeoutMs };
  }

  #expectOpen(): void {
    if (!this.#parts.closed()) return;
    throw new PoolClosedError("The database is closed. Open it again to go on.");
  }
}

const LAST = encodeBatch([encodeStep(encodeStatement(plain("SELECT 1 AS ok")))]);

function checkCallback(method: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new TypeError(
    `${method} takes a function that gets a connection; got ${describeValue(fn)}. ` +
      `Write db.${method}(async (tx) => { ... }).`,
  );
}
