/**
 * Several statements in one transaction: all of them or none.
 *
 * @module
 */

import { inCallersContext } from "../../platform/async_context.ts";
import { describeValue } from "../../platform/describe.ts";
import { controlInBatch } from "../database_errors.ts";
import type { WriteReport } from "../../connections/observation/write_report.ts";
import { beginStatement } from "../../connections/connection.ts";
import type { Holder } from "../../connections/holder.ts";
import type { PhysicalConnection } from "../../connections/physical_connection.ts";
import { paramsOf, type Query, textOf, wholeResult } from "../../connections/query.ts";
import { classify } from "../../sqlite/classify.ts";
import { runTransaction, TransactionScope } from "../../connections/transaction.ts";
import { refuseUnknownOptions } from "../../pool/option_names.ts";
import { takeParams } from "../../sqlite/bind/take_params.ts";
import type { PreparedStatement } from "./queued_write.ts";
import type { BindParams, ResultSet, Row, RowFactory, RowOptions } from "../../sqlite/types.ts";

/** One statement of a batch. `R` is the type of its rows. */
export interface BatchStatement<R = Row> {
  /** The SQL text of one statement, or an `sql` query. */
  readonly sql: Query;
  /** Values by position or by name; none for an `sql` query. */
  readonly params?: BindParams;
  /** Makes each row of this statement instead of the database's own row factory. */
  readonly rowFactory?: RowFactory<R>;
}

/** A batch of more statements gets its own transaction. */
const MOST_SHARED = 50;

const STATEMENT_KEYS: readonly string[] = ["sql", "params", "rowFactory"];
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["args", "params"],
  ["parameters", "params"],
  ["values", "params"],
  ["bindings", "params"],
  ["query", "sql"],
  ["text", "sql"],
]);

/**
 * Checks the statements of a batch and copies them.
 *
 * @param rowFactory makes the rows of statements without their own.
 * @throws {TypeError} if one of them is not a statement; the message says which and what to write.
 * @throws {SQLitePoolError} if one of them begins or ends a transaction.
 */
export function prepareBatch<R>(
  statements: unknown,
  rowFactory: RowFactory<R> | undefined,
): PreparedStatement[] {
  if (!Array.isArray(statements)) {
    throw new TypeError(
      `batch takes an array of { sql, params }; got ${describeValue(statements)}`,
    );
  }
  const defaults = rowsOf(rowFactory);
  return statements.map((statement: BatchStatement<unknown>, index) => {
    expectStatement(statement, index);
    const sql = textOf(statement.sql);
    const { control } = classify(sql);
    if (control !== undefined) throw controlInBatch(control, index);
    const rows = statement.rowFactory === undefined ? defaults : rowsOf(statement.rowFactory);
    return { sql, params: takeParams(paramsOf(statement.sql, statement.params)), rows };
  });
}

function rowsOf<R>(rowFactory: RowFactory<R> | undefined): RowOptions<R> {
  return { rowFactory: rowFactory && inCallersContext(rowFactory) };
}

function expectStatement(statement: BatchStatement<unknown>, index: number): void {
  const what = `Statement ${index} of the batch`;
  if (typeof statement !== "object" || statement === null || !("sql" in statement)) {
    const keys = typeof statement === "object" && statement !== null ? Object.keys(statement) : [];
    const meant = keys.map((key) => OTHER_NAMES.get(key)).includes("sql");
    throw new TypeError(
      `${what} must be an object { sql, params }; got ${describeValue(statement)}` +
        (meant ? ` with ${keys.join(", ")}` : "") + '. Write { sql: "INSERT ...", params: [...] }.',
    );
  }
  for (const key of Object.keys(statement)) {
    const meant = OTHER_NAMES.get(key);
    if (meant !== undefined) {
      throw new TypeError(`${what} has an unknown key "${key}". Did you mean ${meant}?`);
    }
  }
  refuseUnknownOptions(statement, STATEMENT_KEYS);
  const { rowFactory } = statement;
  if (rowFactory === undefined || typeof rowFactory === "function") return;
  throw new TypeError(`${what}: rowFactory must be a function; got ${describeValue(rowFactory)}`);
}

/**
 * Whether a batch shares a commit with other writes, because it is as fast as they are. A longer
 * one would keep them waiting, and other statements, such as schema changes, would affect them.
 */
export function sharesCommit(statements: readonly PreparedStatement[]): boolean {
  const { length } = statements;
  return length > 0 && length <= MOST_SHARED && statements.every(({ sql }) => classify(sql).writes);
}

/** Runs statements on a connection in order. If one fails, all are undone. */
export async function runBatch(
  holder: Holder<PhysicalConnection>,
  statements: readonly PreparedStatement[],
  onBegin: (scope: TransactionScope) => void,
): Promise<ResultSet<unknown>[]> {
  return await holder.value.tell("transaction", beginStatement("immediate"), async () => {
    const scope = await TransactionScope.begin(holder, "immediate", 0);
    onBegin(scope);
    return await runTransaction(scope, () => runInOrder(scope, statements));
  });
}

/**
 * A thread is sent many at once; those still queued when the transaction ends do not run. None has
 * a savepoint, since a failure undoes all.
 */
export async function runInOrder(
  scope: TransactionScope,
  statements: readonly PreparedStatement[],
  report?: WriteReport,
): Promise<ResultSet<unknown>[]> {
  const calls: Promise<ResultSet<unknown>>[] = [];
  let failures = 0;
  for (const [index, { sql, params, rows }] of statements.entries()) {
    const physical = scope.value;
    report?.starts(index);
    const running = report === undefined
      ? physical.run(scope, sql, params, rows, wholeResult, false)
      : physical.runOwn(scope, sql, params, rows, (result) => {
        report.stops(index, result);
        return result;
      }, false);
    const call = running
      .catch((error) => {
        failures += 1;
        throw withIndex(error, index);
      });
    calls.push(call);
    // Awaited below, after those before it.
    call.catch(() => {});
    if (physical.hasRoom) continue;
    await Promise.allSettled([call]);
    if (failures > 0) break;
  }
  await Promise.allSettled(calls);
  const results: ResultSet<unknown>[] = [];
  // In order, because invalid parameters are rejected before earlier statements have settled.
  for (const call of calls) results.push(await call);
  return results;
}

/** Adds the index of the failed statement to an error. */
export function withIndex(error: unknown, index: number): unknown {
  if (error instanceof Error) Object.assign(error, { index });
  return error;
}
