/**
 * Reads and writes of somebody who sees their own writes, and never goes back in time.
 *
 * @module
 */

import type { Environment } from "../platform/clock.ts";
import { describeValue } from "../platform/describe.ts";
import {
  type AcquireOptions,
  checkBoolean,
  checkCallOptions,
  WAIT_OPTION_NAMES,
} from "../pool/options.ts";
import type { Wait } from "../pool/wait_queue.ts";
import { bindValues } from "../sqlite/bind.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import { classify } from "../sqlite/classify.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/types.ts";
import { resultSetOf } from "../sqlite/outcome.ts";
import type { Connection } from "../connections/connection.ts";
import type { Operation, Role } from "../connections/observation/operation.ts";
import { telling, type Watch } from "../connections/observation/watch.ts";
import {
  allRows,
  AS_VALUES,
  FIRST_AS_VALUES,
  firstRow,
  firstValue,
  paramsOf,
  type Query,
  type ResultOptions,
  takeCall,
  type TakenCall,
  textOf,
  wantsTypes,
  wholeResult,
} from "../connections/query.ts";
import { isInside } from "../platform/reentrancy.ts";
import type { BatchStatement } from "../database/writing/batch.ts";
import { takeStatements } from "../database/writing/take_statements.ts";
import type { Session, WriteOptions } from "../database/database.ts";
import { calledInsideWrite, databaseIsClosed } from "../database/database_errors.ts";
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
  declaredTypes,
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
const RUN_OPTIONS: readonly string[] = [
  ...WAIT_OPTION_NAMES,
  ...["rowFactory", "columnTypes", "retry"],
];
const EXECUTE_OPTIONS: readonly string[] = [...READ_OPTIONS, ...RUN_OPTIONS];
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
  /** Who is told of reads and of writes. */
  readonly watches: Readonly<Record<Role, Watch>>;
  /** Loads what interactive transactions take. */
  readonly transactions: () => Promise<Transactions<R>>;
  /** What callbacks run inside, to notice a call that waits for its own callback. */
  readonly owner: object;
  readonly closed: () => boolean;
}

/** How rows are made, and whether the result tells the declared types of its columns. */
interface MadeRows<T> extends RowOptions<T> {
  readonly hasTypes?: boolean;
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

  /**
   * For the database, which is a session too.
   *
   * @internal
   */
  protected get position(): Position {
    return this.#position;
  }

  /** What this session has seen, as text: `db.session({ after })` goes on from there. */
  get bookmark(): string {
    return bookmarkOf(this.#parts.cluster.log.required(this.#position));
  }

  /**
   * Runs one statement and returns its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, the row factory and the consistency of this call.
   * @returns the row; `undefined` if there is none.
   * @throws {SQLiteError} if the server rejects the statement, or it writes.
   */
  async get<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<T> = {},
  ): Promise<T | undefined> {
    return await this.#read("get", query, params, options, { firstRowOnly: true }, firstRow);
  }

  /**
   * Runs one statement and returns all its rows.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, the row factory and the consistency of this call.
   * @returns the rows; an empty array if there are none.
   * @throws {SQLiteError} if the server rejects the statement, or it writes.
   */
  async all<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<T> = {},
  ): Promise<T[]> {
    return await this.#read("all", query, params, options, {}, allRows);
  }

  /**
   * Runs one statement and returns the first value of its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the consistency of this call.
   * @returns the value; `undefined` if there is no row.
   * @throws {SQLiteError} if the server rejects the statement, or it writes.
   */
  async value(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<SQLiteValue[]> = {},
  ): Promise<SQLiteValue | undefined> {
    return await this.#read("value", query, params, options, FIRST_AS_VALUES, firstValue);
  }

  /**
   * Runs one statement and returns its rows as arrays, including columns with equal names.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the consistency of this call.
   * @returns the values of each row in column order.
   * @throws {SQLiteError} if the server rejects the statement, or it writes.
   */
  async values(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<SQLiteValue[]> = {},
  ): Promise<SQLiteValue[][]> {
    return await this.#read("values", query, params, options, AS_VALUES, allRows);
  }

  /**
   * Iterates over the rows of one statement. The server sends all of them with the first.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, the row factory and the consistency of this call.
   * @returns an iterator for `for await`, which can be used once. Nothing runs before its first row
   *   is requested.
   */
  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<T> = {},
  ): AsyncIterableIterator<T> {
    return this.#rowsOf(takeCall(query, params, options));
  }

  async *#rowsOf<T>(
    taken: () => TakenCall<RemoteCallOptions<T>>,
  ): AsyncGenerator<T, undefined> {
    const { sql, params, options } = taken();
    yield* await this.#read<T, T[]>("iterate", sql, params, options, {}, allRows);
  }

  /**
   * Runs `fn` on one snapshot of the primary.
   *
   * @param fn receives the connection, which cannot be used after `fn` has settled.
   * @param options how to wait for a stream; `timeoutMs` also limits `fn`.
   * @returns the result of `fn`.
   * @throws {QueryTimeoutError} after `timeoutMs` or `queryTimeoutMs`.
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
   * Runs one statement of unknown kind: like `all` if it only reads, otherwise like `run`.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, the row factory, what a read must see, whether a write may run twice,
   *   and whether the result includes the declared types of its columns.
   * @returns columns, rows and changes.
   * @throws {SQLiteError} if the server rejects the statement.
   */
  async execute<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteCallOptions<T> & RemoteRunOptions<T> = {},
  ): Promise<ResultSet<T>> {
    return classify(textOf(query)).reads
      ? await this.#read("execute", query, params, options, {}, wholeResult, EXECUTE_OPTIONS)
      : await this.#run("execute", query, params, options, EXECUTE_OPTIONS);
  }

  /**
   * Runs one statement on the primary. Inserts, updates and deletes that meet share a transaction,
   * unless they have RETURNING; each is answered when it is committed, and fails alone.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, the row factory, whether it may run twice, and whether the result
   *   includes the declared types of its columns.
   * @returns the result of the statement, including rows of RETURNING.
   * @throws {SQLiteError} if the server rejects the statement.
   * @throws {OutcomeUnknownError} if the answer was lost.
   */
  async run<T = R>(
    query: Query,
    params?: BindParams,
    options: RemoteRunOptions<T> = {},
  ): Promise<ResultSet<T>> {
    return await this.#run("run", query, params, options, RUN_OPTIONS);
  }

  async #run<T>(
    method: string,
    query: Query,
    params: BindParams | undefined,
    options: RemoteRunOptions<T>,
    names: readonly string[],
  ): Promise<ResultSet<T>> {
    return await this.#writing(method, options, names, async (limit) => {
      const { retry = false } = options;
      checkBoolean("retry", retry);
      const rows = this.#madeRows(options);
      return await this.#tell("writer", query, params, async (sql, values, operation) => {
        const prepared = this.#prepare(sql, values);
        prepared.known.expectNoTransaction(method);
        const call = this.#parts.calls.begin(true, limit, operation && (() => operation.restart()));
        this.#parts.writes.add({
          call,
          kind: prepared.known.sharesCommit ? "shared" : "alone",
          statements: [prepared],
          requests: [],
          position: this.#position,
          retry,
          decode: ([result]) => this.#decode(prepared.known, result, rows, operation),
        });
        return await outcomeOf(call, sql);
      });
    });
  }

  /**
   * Runs statements in one transaction, which is one request: all of them or none.
   *
   * @param statements the statements, in order.
   * @param options how the call waits.
   * @returns a result for each statement.
   * @throws {SQLiteError} for the first statement that fails; none has then taken effect.
   * @throws {OutcomeUnknownError} if the answer was lost.
   */
  async batch<T = R>(
    statements: readonly BatchStatement<T>[],
    options: AcquireOptions = {},
  ): Promise<ResultSet<T>[]> {
    return await this.#writing("batch", options, WAIT_OPTION_NAMES, async (limit) => {
      const taken = takeStatements(statements);
      const prepared = taken.map(({ sql, params }) => this.#prepare(sql, params));
      const factories = taken.map(({ rowFactory }) =>
        this.#rowFactory(rowFactory as RowFactory<T> | undefined)
      );
      for (const { known } of prepared) known.expectNoTransaction("batch");
      if (prepared.length === 0) return [];
      const watch = this.#parts.watches.writer;
      const isWatched = watch.sees("query") || watch.sees("transaction");
      const told = isWatched ? telling.now ?? await telling.load() : undefined;
      const starts = (): void => prepared.forEach((_, i) => report?.starts(i));
      const call = this.#parts.calls.begin(true, limit, told && starts);
      const texts = prepared.map(({ sql }) => sql);
      const report = told && new told.WriteReport(watch, texts, "BEGIN IMMEDIATE", call.promise);
      this.#parts.writes.add({
        call,
        kind: "together",
        statements: prepared,
        requests: [],
        position: this.#position,
        retry: false,
        decode: (results) =>
          results.map((wire, i) => {
            const result = this.#decode(prepared[i].known, wire, { rowFactory: factories[i] });
            report?.stops(i, result);
            return result;
          }),
      });
      return await outcomeOf(call);
    });
  }

  /**
   * Runs the statements of a script on the primary until one fails. A script is a transaction only if
   * it contains BEGIN and COMMIT.
   *
   * @param sql the statements, without parameters.
   * @param options how the call waits.
   * @throws {SQLiteError} if a statement fails; those before it have taken effect.
   */
  async executeScript(sql: string, options: AcquireOptions = {}): Promise<void> {
    return await this.#writing("executeScript", options, WAIT_OPTION_NAMES, async (limit) => {
      if (typeof sql !== "string") {
        throw new TypeError(`executeScript takes SQL text; got ${describeValue(sql)}`);
      }
      await this.#tell("writer", sql, undefined, async (_sql, _values, operation) => {
        const call = this.#parts.calls.begin(true, limit, operation && (() => operation.restart()));
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
        await outcomeOf(call);
      });
    });
  }

  /**
   * Runs `fn` in a transaction on the primary, which is committed when it returns and rolled back
   * when it throws.
   *
   * @param fn receives the connection, which cannot be used after `fn` has settled.
   * @param options how to wait for a stream, the mode and the retries; `timeoutMs` also limits `fn`.
   * @returns the result of `fn`, after the commit.
   * @throws the error of `fn`, after the rollback.
   * @throws {QueryTimeoutError} after `timeoutMs` or `queryTimeoutMs`.
   * @throws {OutcomeUnknownError} if the answer to COMMIT was lost.
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
    options: RemoteCallOptions<T> & ResultOptions<T>,
    own: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
    names: readonly string[] = READ_OPTIONS,
  ): Promise<S> {
    this.#expectOpen();
    checkCallOptions(options, names);
    const { consistency = this.#parts.options.consistency } = options;
    checkConsistency(consistency);
    const rows = { ...this.#madeRows(options), ...own };
    const limit = this.#limit(options);
    return await this.#tell("reader", query, params, async (sql, given, operation) => {
      const { known, encoded, values } = this.#prepare(sql, given);
      known.expectRead(method);
      const call = this.#parts.calls.begin(false, limit, operation && (() => operation.restart()));
      this.#parts.reads.add({
        call,
        known,
        encoded,
        values,
        consistency,
        position: this.#position,
        decode: (result) => pick(this.#decode(known, result, rows, operation)),
      });
      return await outcomeOf(call, sql);
    });
  }

  /** Makes a call of one statement, and tells those who watch. */
  async #tell<S>(
    role: Role,
    query: Query,
    params: BindParams | undefined,
    call: (sql: string, params: BindParams | undefined, operation?: Operation) => Promise<S>,
  ): Promise<S> {
    const sql = textOf(query);
    const given = paramsOf(query, params);
    const watch = this.#parts.watches[role];
    if (!watch.sees("query")) return await call(sql, given);
    // It may be made later, when something has been loaded.
    const taken = takeParams(given);
    return await watch.around("query", sql, (operation) => call(sql, taken, operation));
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

  #decode<T>(
    known: KnownStatement,
    wire: WireResult,
    { hasTypes, ...rows }: MadeRows<T>,
    operation?: Operation,
  ): ResultSet<T> {
    const { intMode } = this.#parts.options;
    const result = resultSetOf(known.statement.verb, decodeResult(wire, intMode), intMode, rows);
    operation?.count(result.rows.length);
    return hasTypes ? { ...result, columnTypes: declaredTypes(wire) } : result;
  }

  #madeRows<T>({ rowFactory, columnTypes }: ResultOptions<T>): MadeRows<T> {
    return { rowFactory: this.#rowFactory(rowFactory), hasTypes: wantsTypes({ columnTypes }) };
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
    if (this.#parts.closed()) throw databaseIsClosed(this.#parts.options.name);
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
