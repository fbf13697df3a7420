/**
 * Connections held by callers: leased from a pool, or inside a transaction.
 *
 * @module
 */

import { showOnConsole } from "../platform/inspect.ts";
import { withDeadline } from "../pool/deadline.ts";
import type { Lease } from "../pool/lease.ts";
import { checkCallOptions } from "../pool/options.ts";
import { takeParams } from "../sqlite/bind/take_params.ts";
import { splitScript } from "../sqlite/scan.ts";
import type {
  BindParams,
  ResultSet,
  Row,
  RowOptions,
  SQLiteValue,
  StatementDescription,
} from "../sqlite/types.ts";
import {
  beginStatement,
  checkTransactionCallback,
  type Connection,
  type ConnectionCallback,
  type PooledConnection,
  type TransactionMode,
  type TransactionOptions,
} from "./connection.ts";
import { Cursor } from "./cursor.ts";
import { callbackCommits, nestedTooLong, outerUsedInside } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { PhysicalConnection } from "./physical_connection.ts";
import {
  allRows,
  AS_VALUES,
  FIRST_AS_VALUES,
  firstRow,
  firstValue,
  paramsOf,
  type Query,
  type QueryOptions,
  type ResultOptions,
  type RowDefaults,
  textOf,
  wantsTypes,
  wholeResult,
} from "./query.ts";
import { isInside, runInside } from "../platform/reentrancy.ts";
import { classify } from "../sqlite/classify.ts";
import { executeScript } from "./script.ts";
import { begin, commit, runTransaction, TransactionScope } from "./transaction.ts";
import type { WaitLimit } from "./locking/busy_retry.ts";

export type { PooledConnection } from "./connection.ts";

const QUERY_OPTIONS: readonly string[] = ["rowFactory"];
const TRANSACTION_OPTIONS: readonly string[] = ["mode"];

/** A {@linkcode Connection} that is valid while its holder holds a physical one. */
export class HeldConnection<R = Row> implements Connection<R> {
  readonly #holder: Holder<PhysicalConnection>;
  readonly #rows: RowDefaults<R>;
  /** The transaction that contains this connection. */
  readonly #scope: TransactionScope | undefined;
  /** Settles when the nested transaction has ended; `undefined` if there is none. */
  #nested: Promise<void> | undefined = undefined;

  static {
    showOnConsole<HeldConnection<unknown>>(this, "Connection", (connection) => {
      const holder = connection.#holder;
      if (!holder.active) return { state: "released" };
      const { library, inTransaction } = holder.value.driver;
      return { state: "in use", ...(library && { library }), inTransaction };
    });
  }

  constructor(holder: Holder<PhysicalConnection>, rows: RowDefaults<R>) {
    this.#holder = holder;
    this.#rows = rows;
    this.#scope = holder instanceof TransactionScope ? holder : undefined;
  }

  get raw(): unknown {
    return this.#holder.value.driver.raw;
  }

  get inTransaction(): boolean {
    return this.#holder.value.driver.inTransaction;
  }

  execute<T = R>(
    query: Query,
    params?: BindParams,
    options?: ResultOptions<T>,
  ): Promise<ResultSet<T>> {
    if (options?.columnTypes !== undefined) return this.#runTyped(query, params, options);
    return this.#run(query, params, options, this.#rows.everyRow(options), wholeResult);
  }

  run<T = R>(query: Query, params?: BindParams, options?: ResultOptions<T>): Promise<ResultSet<T>> {
    return this.execute(query, params, options);
  }

  all<T = R>(query: Query, params?: BindParams, options?: QueryOptions<T>): Promise<T[]> {
    return this.#run(query, params, options, this.#rows.everyRow(options), allRows);
  }

  get<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): Promise<T | undefined> {
    return this.#run(query, params, options, this.#rows.firstRow(options), firstRow);
  }

  values(query: Query, params?: BindParams): Promise<SQLiteValue[][]> {
    return this.#run(query, params, undefined, AS_VALUES, allRows);
  }

  value(query: Query, params?: BindParams): Promise<SQLiteValue | undefined> {
    return this.#run(query, params, undefined, FIRST_AS_VALUES, firstValue);
  }

  /** Runs a statement on the library's own account: those who watch are not told. */
  ask(sql: string, params?: BindParams): Promise<SQLiteValue[][]> {
    const holder = this.#holder;
    return holder.value.runOwn(holder, sql, params, AS_VALUES, allRows);
  }

  iterate<T = R>(
    query: Query,
    params?: BindParams,
    options?: QueryOptions<T>,
  ): AsyncIterableIterator<T> {
    return new Cursor(this.#holder, prepareCursor(query, params, options, this.#rows));
  }

  describe(query: Query): Promise<StatementDescription> {
    return this.#afterNested(async () => {
      const sql = textOf(query);
      const { describeQuery } = await import("./describing/describe_query.ts");
      return await describeQuery(this.#holder, sql);
    });
  }

  executeScript(sql: string): Promise<void> {
    return this.#afterNested(async () => {
      if (this.#scope !== undefined) expectNoCommit(sql);
      await executeScript(this.#holder, sql);
    });
  }

  begin(mode: TransactionMode = "immediate"): Promise<void> {
    return this.#afterNested(() => begin(this.#holder, mode));
  }

  commit(): Promise<void> {
    return this.#afterNested(async () => {
      if (this.#scope !== undefined) throw callbackCommits();
      if (this.inTransaction) await commit(this.#holder);
    });
  }

  rollback(): Promise<void> {
    // A statement in several steps would go on outside the transaction.
    return this.#afterNested(() =>
      this.#holder.value.activity.whenQuiet(() => this.#holder.value.rollback())
    );
  }

  transaction<T>(fn: ConnectionCallback<R, T>, options: TransactionOptions = {}): Promise<T> {
    let mode: TransactionMode;
    try {
      checkTransactionCallback("transaction", fn);
      checkCallOptions(options, TRANSACTION_OPTIONS);
      mode = options.mode ?? "immediate";
      beginStatement(mode);
    } catch (error) {
      return this.#refuse(error);
    }
    // The outer connection could be used while the callback uses the inner one.
    return this.#inSteps(() =>
      this.runTransaction((inner) => runInside(this, () => fn(inner)), mode)
    );
  }

  /** Runs a call in several steps that are not interleaved with other calls of this connection. */
  #inSteps<T>(call: () => Promise<T>): Promise<T> {
    return this.#afterNested(() => {
      const result = call();
      const nested: Promise<void> = this.#nested = result.then(() => {}, () => {}).then(() => {
        if (this.#nested === nested) this.#nested = undefined;
      });
      return result;
    });
  }

  #runTyped<T>(
    query: Query,
    params: BindParams | undefined,
    { columnTypes, ...options }: ResultOptions<T>,
  ): Promise<ResultSet<T>> {
    try {
      if (!wantsTypes({ columnTypes })) return this.execute(query, params, options);
      checkCallOptions(options, QUERY_OPTIONS);
      const sql = textOf(query);
      const taken = takeParams(paramsOf(query, params));
      if (this.#scope !== undefined && classify(sql).control === "commit") throw callbackCommits();
      return this.#inSteps(async () => {
        const { executeTyped } = await import("./describing/column_types.ts");
        return await executeTyped(this.#holder, sql, taken, this.#rows.everyRow(options));
      });
    } catch (error) {
      return this.#refuse(error);
    }
  }

  /**
   * Runs a callback in a transaction, for callers that do not share this connection.
   *
   * @param onBegin receives the transaction when it has begun.
   */
  async runTransaction<T>(
    fn: (connection: HeldConnection<R>) => T | PromiseLike<T>,
    mode: TransactionMode,
    { onBegin, limit }: {
      readonly onBegin?: (scope: TransactionScope) => void;
      readonly limit?: WaitLimit | undefined;
    } = {},
  ): Promise<T> {
    const depth = this.#scope === undefined ? 0 : this.#scope.depth + 1;
    const physical = this.#holder.value;
    const sql = physical.driver.inTransaction ? "SAVEPOINT" : beginStatement(mode);
    return await physical.tell("transaction", sql, async () => {
      const scope = await TransactionScope.begin(this.#holder, mode, depth, limit);
      onBegin?.(scope);
      return await runTransaction(scope, () => fn(new HeldConnection(scope, this.#rows)));
    });
  }

  /**
   * Makes a call once no transaction is nested in this one, so that they do not mix. The enclosing
   * transaction waits for the call, even if nobody awaits it.
   */
  #afterNested<T>(call: () => Promise<T>): Promise<T> {
    let result: Promise<T>;
    try {
      if (this.#nested === undefined) result = call();
      else if (isInside(this)) throw outerUsedInside();
      else {
        const nested = this.#nested;
        const { clock, acquisitionTimeoutMs: timeoutMs } = this.#holder.value.context;
        const turn = withDeadline(clock, { timeoutMs }, () => nested, { tooLate: nestedTooLong });
        result = turn.then(() => this.#afterNested(call));
      }
    } catch (error) {
      return this.#refuse(error);
    }
    return this.#scope === undefined ? result : this.#scope.watch(result);
  }

  #run<T, S>(
    query: Query,
    params: BindParams | undefined,
    options: QueryOptions<T> | undefined,
    rows: RowOptions<T>,
    pick: (result: ResultSet<T>) => S,
  ): Promise<S> {
    try {
      if (options !== undefined) checkCallOptions(options, QUERY_OPTIONS);
      const sql = textOf(query);
      const values = paramsOf(query, params);
      if (this.#nested !== undefined) {
        const taken = takeParams(values);
        return this.#afterNested(() => this.#run(sql, taken, undefined, rows, pick));
      }
      const physical = this.#holder.value;
      if (this.#scope === undefined) return physical.run(this.#holder, sql, values, rows, pick);
      if (classify(sql).control === "commit") throw callbackCommits();
      const { lastFailure } = physical;
      const call = physical.run(this.#scope, sql, values, rows, pick);
      const hasSucceeded = !physical.activity.isBusy && physical.lastFailure === lastFailure;
      return hasSucceeded ? call : this.#scope.watch(call);
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #refuse(error: unknown): Promise<never> {
    const refused = Promise.reject(error);
    return this.#scope === undefined ? refused : this.#scope.watch(refused);
  }
}

/**
 * Copies what a cursor needs at the call, since its statement starts at the first row, when the
 * caller's array may have changed. Errors are also reported at the first row.
 */
function prepareCursor<R, T>(
  query: Query,
  params: BindParams | undefined,
  options: QueryOptions<T> | undefined,
  defaults: RowDefaults<R>,
): (physical: PhysicalConnection) => AsyncIterableIterator<T> {
  try {
    checkCallOptions(options, QUERY_OPTIONS);
    const sql = textOf(query);
    const taken = takeParams(paramsOf(query, params));
    const rows = defaults.everyRow(options);
    return (physical) => physical.iterate(sql, taken, rows);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function expectNoCommit(script: string): void {
  for (const { verb } of splitScript(script)) if (verb === "commit") throw callbackCommits();
}

/** {@linkcode PooledConnection} over a lease of the pool. */
export class LeasedConnection<R = Row> extends HeldConnection<R> implements PooledConnection<R> {
  readonly #lease: Lease<PhysicalConnection>;

  constructor(lease: Lease<PhysicalConnection>, rows: RowDefaults<R>) {
    super(lease, rows);
    this.#lease = lease;
  }

  /** The leased resource, for layers above. */
  get lease(): Lease<PhysicalConnection> {
    return this.#lease;
  }

  async release(): Promise<void> {
    await this.#lease.release();
  }

  discard(): Promise<void> {
    this.#lease.discard();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
