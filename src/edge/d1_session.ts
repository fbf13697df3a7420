/**
 * Reads and writes on D1.
 *
 * @module
 */

import type { D1Queries, D1Session } from "../../adapters/d1/handle.ts";
import { type D1Outcome, type ReadOutcome, runOne, runTogether } from "../../adapters/d1/run.ts";
import { type D1Statement, d1Statement } from "../../adapters/d1/statement.ts";
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
import type { CallOptions, Session } from "../database/database.ts";
import { databaseIsClosed } from "../database/database_errors.ts";
import type { BatchStatement } from "../database/writing/batch.ts";
import { withCallersStack } from "../platform/callers_stack.ts";
import { systemEnvironment } from "../platform/clock.ts";
import { describeValue } from "../platform/describe.ts";
import { withDeadline } from "../pool/deadline.ts";
import { QueryTimeoutError, SQLitePoolError } from "../pool/errors.ts";
import type { AcquireOptions } from "../pool/options.ts";
import type { Counters } from "../pool/stats.ts";
import { copyBytes } from "../sqlite/bind/take_params.ts";
import { SQLiteError, withStatement } from "../sqlite/errors.ts";
import { resultSetOf } from "../sqlite/outcome.ts";
import { splitScript } from "../sqlite/scan.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/types.ts";
import { type D1Counters, type D1Read, D1Reads, type Need } from "./d1_reads.ts";
import type { ResolvedD1Options } from "./d1_options.ts";
import { takeStatements } from "../database/writing/take_statements.ts";
import { checkOptions, WAIT_OPTIONS } from "./call_options.ts";
import { noColumnTypes, notSupported, onlyReads, unreadable } from "./errors.ts";
import type { Watches } from "./watches.ts";

const QUERY_OPTIONS: readonly string[] = [...WAIT_OPTIONS, "rowFactory"];
const RUN_OPTIONS: readonly string[] = [...QUERY_OPTIONS, "columnTypes"];

const ONE_TRANSACTION = "Pass the statements to db.batch([...]), which is one transaction";

/** What the sessions of a database share. */
export interface D1Parts<R> {
  readonly options: ResolvedD1Options<R>;
  readonly counters: D1Counters & { readonly reads: Counters; readonly writes: Counters };
  closed: boolean;
}

/** A statement with the values for its parameters. */
interface Prepared {
  readonly sql: string;
  readonly known: D1Statement;
  readonly values: readonly SQLiteValue[];
}

/**
 * A session of a database on D1: it sees its own writes and whatever it has seen before, in every
 * request that its bookmark is handed to.
 */
export class SessionOnD1<R = Row> implements Session<R> {
  readonly #queries: D1Queries;
  readonly #parts: D1Parts<R>;
  readonly #reads: D1Reads;
  readonly #after: string;

  /**
   * `db.session()` makes sessions.
   *
   * @internal
   */
  constructor(queries: D1Queries, parts: D1Parts<R>, after: string) {
    this.#queries = queries;
    this.#parts = parts;
    this.#after = after;
    this.#reads = new D1Reads(queries, parts.counters);
  }

  /**
   * What this session has seen, as text: `db.session({ after })` continues from there. Empty before
   * the first answer, and for calls that go to the primary database.
   */
  get bookmark(): string {
    const { getBookmark } = this.#queries as Partial<D1Session>;
    return getBookmark?.call(this.#queries) ?? this.#after;
  }

  /**
   * Runs one statement and returns its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the row; `undefined` if there is none.
   * @throws {SQLiteError} if D1 rejects the statement, or it writes.
   */
  async get<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> = {},
  ): Promise<T | undefined> {
    return await this.#read("get", query, params, options, { firstRowOnly: true }, firstRow);
  }

  /**
   * Runs one statement and returns all its rows.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the rows; an empty array if there are none.
   * @throws {SQLiteError} if D1 rejects the statement, or it writes.
   */
  async all<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> = {},
  ): Promise<T[]> {
    return await this.#read("all", query, params, options, {}, allRows);
  }

  /**
   * Runs one statement and returns the first value of its first row.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how the call waits.
   * @returns the value; `undefined` if there is no row.
   * @throws {SQLiteError} if D1 rejects the statement, or it writes.
   */
  async value(
    query: Query,
    params?: BindParams,
    options: AcquireOptions = {},
  ): Promise<SQLiteValue | undefined> {
    return await this.#read("value", query, params, options, FIRST_AS_VALUES, firstValue);
  }

  /**
   * Runs one statement and returns its rows as arrays, including columns with equal names.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how the call waits.
   * @returns the values of each row in column order.
   * @throws {SQLiteError} if D1 rejects the statement, or it writes.
   */
  async values(
    query: Query,
    params?: BindParams,
    options: AcquireOptions = {},
  ): Promise<SQLiteValue[][]> {
    return await this.#read("values", query, params, options, AS_VALUES, allRows);
  }

  /**
   * Iterates over the rows of one statement. D1 sends all of them with the first.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns an iterator for `for await`, which can be used once. Nothing runs before its first row
   *   is requested.
   */
  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> = {},
  ): AsyncIterableIterator<T> {
    return this.#rowsOf(takeCall(query, params, options));
  }

  async *#rowsOf<T>(taken: () => TakenCall<CallOptions<T>>): AsyncGenerator<T, undefined> {
    const { sql, params, options } = taken();
    yield* await this.#read<T, T[]>("iterate", sql, params, options, {}, allRows);
  }

  /**
   * Runs one statement: reads that meet share a request, anything else has one of its own.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns columns, rows and changes.
   * @throws {SQLiteError} if D1 rejects the statement.
   * @throws {OutcomeUnknownError} when D1 did not confirm a write.
   */
  async execute<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> & ResultOptions<T> = {},
  ): Promise<ResultSet<T>> {
    this.#expectOpen();
    checkRunOptions(options);
    const prepared = this.#prepare(textOf(query), paramsOf(query, params));
    if (prepared.known.mayChange) return await this.#write(prepared, options);
    const rows = this.#rows<T>(options, {});
    return await this.#readPrepared(prepared, options, rows, "columns", wholeResult);
  }

  /**
   * Runs one statement, in a request of its own.
   *
   * @param query SQL text or an `sql` query.
   * @param params values by position or by name.
   * @param options how to wait, and the row factory of this call.
   * @returns the result of the statement, including rows of RETURNING.
   * @throws {SQLiteError} if D1 rejects the statement.
   * @throws {OutcomeUnknownError} when D1 did not confirm it.
   */
  async run<T = R>(
    query: Query,
    params?: BindParams,
    options: CallOptions<T> & ResultOptions<T> = {},
  ): Promise<ResultSet<T>> {
    this.#expectOpen();
    checkRunOptions(options);
    return await this.#write(this.#prepare(textOf(query), paramsOf(query, params)), options);
  }

  /**
   * Runs statements in one transaction, which is one request: all of them or none.
   *
   * @param statements the statements, in order.
   * @param options how the call waits.
   * @returns a result for each statement. Columns of an empty result are not known, and of columns
   *   that share a name the last one is there.
   * @throws {SQLiteError} if D1 rejects one of the statements; none has then taken effect.
   * @throws {OutcomeUnknownError} when D1 did not confirm it.
   */
  async batch<T = R>(
    statements: readonly BatchStatement<T>[],
    options: AcquireOptions = {},
  ): Promise<ResultSet<T>[]> {
    this.#expectOpen();
    checkOptions(options, WAIT_OPTIONS);
    const rows: RowOptions<T>[] = [];
    const taken = takeStatements(statements).map(({ sql, params, rowFactory }, index) => {
      rows.push(this.#rows<T>({ rowFactory: rowFactory as RowFactory<T> | undefined }, {}));
      try {
        return this.#prepare(sql, params);
      } catch (error) {
        throw withStatement(error, sql, index);
      }
    });
    if (taken.length === 0) return [];
    return await this.#watched.batch(taken, async (ran) => {
      const outcomes = await this.#together(taken, options);
      return outcomes((outcome, { statement }, i) => {
        const result = toResult(statement.verb, outcome, rows[i]);
        ran(i, result);
        return result;
      });
    });
  }

  /**
   * Runs every statement of a script in one transaction, which is one request: all of them or none.
   * BEGIN and COMMIT around all of them are left out.
   *
   * @param sql the statements, without parameters.
   * @param options how the call waits.
   * @throws {SQLiteError} if D1 rejects a statement; none has then taken effect.
   * @throws {OutcomeUnknownError} when D1 did not confirm it.
   */
  async executeScript(sql: string, options: AcquireOptions = {}): Promise<void> {
    this.#expectOpen();
    checkOptions(options, WAIT_OPTIONS);
    if (typeof sql !== "string") {
      throw new TypeError(`executeScript takes SQL text; got ${describeValue(sql)}`);
    }
    const statements = [...splitScript(sql)];
    const isWrapped = statements.at(0)?.verb === "begin" && statements.at(-1)?.verb === "commit";
    const inside = isWrapped ? statements.slice(1, -1) : statements;
    const prepared = inside.map(({ text }) => this.#prepare(text, undefined));
    await this.#watched.around("query", "write", sql, () => this.#together(prepared, options));
  }

  /** D1 has no snapshots that stay open: rejects. */
  read(): Promise<never> {
    const remedy = "Reads in one db.batch([...]) see one snapshot";
    return Promise.reject(notSupported("read", "D1", remedy));
  }

  /** D1 has no transactions that stay open: rejects. */
  write(): Promise<never> {
    return Promise.reject(notSupported("write", "D1", ONE_TRANSACTION));
  }

  async #read<T, S>(
    method: string,
    query: Query,
    params: BindParams | undefined,
    options: CallOptions<T>,
    own: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    this.#expectOpen();
    const takesFactory = own.rowFactory === undefined;
    checkOptions(options, takesFactory ? QUERY_OPTIONS : WAIT_OPTIONS);
    const prepared = this.#prepare(textOf(query), paramsOf(query, params));
    if (prepared.known.mayChange) throw onlyReads(method);
    const rows = takesFactory ? this.#rows(options, own) : own;
    const need = rows.rowFactory === undefined ? "objects" : "values";
    return await this.#readPrepared(prepared, options, rows, need, pick);
  }

  async #readPrepared<T, S>(
    { sql, known, values }: Prepared,
    options: AcquireOptions,
    rows: RowOptions<T>,
    need: Need,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    let read: D1Read | undefined;
    const work = (): Promise<D1Outcome> =>
      new Promise((accept, fail) => {
        read = { known, values, need, waiting: true, accept, fail };
        this.#reads.add(read);
      });
    const leave = (): void => {
      if (read !== undefined) read.waiting = false;
    };
    return await this.#watched.around("query", "read", sql, async (operation) => {
      const outcome = await this.#inTime("reads", options, sql, work, leave);
      const result = toResult(known.statement.verb, outcome, rows);
      if (operation) operation.rows = result.rows.length;
      return pick(result);
    });
  }

  async #write<T>(prepared: Prepared, options: CallOptions<T>): Promise<ResultSet<T>> {
    const { sql, known } = prepared;
    const rows = this.#rows(options, {});
    const work = (): Promise<ReadOutcome> => {
      this.#parts.counters.requests += 1;
      return runOne(this.#queries, prepared);
    };
    return await this.#watched.around("query", "write", sql, async (operation) => {
      const read = await this.#inTime(known.mayChange ? "writes" : "reads", options, sql, work);
      return afterwards(known.mayChange, () => {
        const result = toResult(known.statement.verb, read(), rows);
        if (operation) operation.rows = result.rows.length;
        return result;
      });
    });
  }

  async #together(
    prepared: readonly Prepared[],
    options: AcquireOptions,
  ): Promise<<T>(make: (outcome: D1Outcome, known: D1Statement, index: number) => T) => T[]> {
    // D1 takes no empty batch.
    if (prepared.length === 0) return () => [];
    const mayChange = prepared.some(({ known }) => known.mayChange);
    const work = (): Promise<ReadOutcome[]> => {
      this.#parts.counters.requests += 1;
      return runTogether(this.#queries, prepared);
    };
    const reads = await this.#inTime(mayChange ? "writes" : "reads", options, undefined, work);
    return (make) =>
      afterwards(mayChange, () => reads.map((read, i) => make(read(), prepared[i].known, i)));
  }

  /** Every function on the way is an async one: some runtimes' stacks lead to the caller only so. */
  async #inTime<S>(
    kind: "reads" | "writes",
    { signal, timeoutMs = this.#parts.options.queryTimeoutMs }: AcquireOptions,
    sql: string | undefined,
    work: () => Promise<S>,
    onGiveUp?: () => void,
  ): Promise<S> {
    const counters = this.#parts.counters[kind];
    try {
      return await withDeadline(systemEnvironment.clock, { signal, timeoutMs }, work, {
        tooLate: (ms) => {
          counters.timeouts += 1;
          return new QueryTimeoutError(`D1 did not answer within ${ms} ms.`);
        },
        // It is with D1, which takes nothing back.
        isPastRecall: () => kind === "writes",
        onGiveUp,
      });
    } catch (error) {
      if (signal?.aborted) counters.aborts += 1;
      const isOurs = error instanceof SQLiteError || error instanceof SQLitePoolError;
      if (isOurs) withCallersStack(error);
      throw sql === undefined ? error : withStatement(error, sql);
    }
  }

  #prepare(sql: string, params: BindParams | undefined): Prepared {
    const known = d1Statement(sql);
    const values = known.bind(params);
    // They are sent later, when the caller may have changed the bytes.
    const own = values.map((value) => value instanceof Uint8Array ? copyBytes(value)! : value);
    return { sql, known, values: own };
  }

  #rows<T>(options: { rowFactory?: RowFactory<T> }, own: RowOptions<T>): RowOptions<T> {
    // Without a factory of its own a call makes rows of the default type: T is R then.
    const { rowFactory = this.#parts.options.rowFactory as unknown as RowFactory<T> } = options;
    return { rowFactory, ...own };
  }

  get #watched(): Watches {
    return this.#parts.options.watched;
  }

  #expectOpen(): void {
    if (this.#parts.closed) throw databaseIsClosed(this.#watched.name);
  }
}

function checkRunOptions<T>(options: ResultOptions<T>): void {
  checkOptions(options, RUN_OPTIONS);
  const { columnTypes } = options;
  if (wantsTypes({ columnTypes })) throw noColumnTypes("D1");
}

function toResult<T>(
  verb: Parameters<typeof resultSetOf>[0],
  outcome: D1Outcome,
  rows: RowOptions<T>,
): ResultSet<T> {
  return resultSetOf(verb, outcome, "number", rows, outcome.madeRowid);
}

/** A write is committed before its answer is read: what fails then must not look like a refusal. */
function afterwards<S>(mayChange: boolean, read: () => S): S {
  try {
    return read();
  } catch (error) {
    throw mayChange ? unreadable(error) : error;
  }
}
