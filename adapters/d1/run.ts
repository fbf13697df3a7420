/**
 * Runs statements on D1, and tells what each gave and did.
 *
 * A statement by itself is asked for its columns and values. In a batch D1 gives rows as objects;
 * behind every write there is a statement that asks what it changed, since D1 itself counts what
 * triggers changed too, and rounds rowids.
 *
 * @module
 */

import { upsertInserted } from "../../src/driver/inserted_rowid.ts";
import { messageOf } from "../../src/platform/describe.ts";
import type { Outcome } from "../../src/sqlite/outcome.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import { bindable, namesWithoutCasts } from "../workerd/typed_placeholders.ts";
import { fromPlatform } from "../workerd/values.ts";
import { d1Error } from "./errors.ts";
import type { D1PreparedStatement, D1Queries, D1Result } from "./handle.ts";
import type { D1Statement } from "./statement.ts";

/** A statement with the values for its parameters. */
export interface D1Call {
  readonly known: D1Statement;
  readonly values: readonly SQLiteValue[];
}

/** What one statement gave and did. */
export interface D1Outcome extends Outcome {
  readonly madeRowid: boolean;
  /**
   * Whether the values may be in another order than the columns, or some are missing: objects have
   * one value for a name, and numbers in front of other names.
   */
  readonly isDoubtful: boolean;
}

type Row = Readonly<Record<string, unknown>>;

const ROWID = "CAST(last_insert_rowid() AS TEXT) AS rowid";

/**
 * Reads what a statement gave. By then it has taken effect.
 *
 * @throws {SQLiteIntegerRangeError} A value cannot be told exactly.
 */
export type ReadOutcome = () => D1Outcome;

/** Runs one statement, in one request. */
export async function runOne(queries: D1Queries, call: D1Call): Promise<ReadOutcome> {
  const { writes, statement: { returning, upserts } } = call.known;
  if (!writes) return await runRaw(queries, call, call.known.textFor(call.values));
  if (returning && !upserts) return await runReturning(queries, call);
  const [read] = await runTogether(queries, [call]);
  return read;
}

/** Runs statements in one transaction, in one request; what one gave may fail to be read alone. */
export async function runTogether(
  queries: D1Queries,
  calls: readonly D1Call[],
): Promise<ReadOutcome[]> {
  try {
    return await sendTogether(queries, calls, true);
  } catch (error) {
    // An upsert is asked about the rowid before it, which a table WITHOUT ROWID has not got.
    const mayLackRowid = lacksRowid(error) && calls.some(({ known }) => known.statement.upserts);
    if (!mayLackRowid) throw error;
    return await sendTogether(queries, calls, false);
  }
}

function lacksRowid(error: unknown): boolean {
  return messageOf(error).includes("no such column: _rowid_");
}

async function sendTogether(
  queries: D1Queries,
  calls: readonly D1Call[],
  asksBefore: boolean,
): Promise<ReadOutcome[]> {
  const plans = calls.map((call) => planOf(queries, call, asksBefore));
  let results: D1Result[];
  try {
    results = await queries.batch(plans.flatMap(({ statements }) => statements));
  } catch (error) {
    const values = calls.flatMap((call) => call.values);
    throw d1Error(error, calls.some(({ known }) => known.mayChange), values);
  }
  return plans.map(({ statements, read }) => {
    const own = results.splice(0, statements.length);
    return () => read(own);
  });
}

async function runRaw(
  queries: D1Queries,
  { known, values }: D1Call,
  sql: string,
): Promise<ReadOutcome> {
  let answer: unknown[][];
  try {
    answer = await prepare(queries, sql, values).raw({ columnNames: true });
  } catch (error) {
    throw d1Error(error, known.mayChange, values);
  }
  return () => {
    const [names, ...rows] = answer;
    const columns = namesWithoutCasts(names as string[]);
    return { columns, rows: rows.map((row) => settle(row, columns)), ...NOTHING_CHANGED };
  };
}

const NOTHING_CHANGED = { changes: 0, lastInsertRowid: 0, madeRowid: false, isDoubtful: false };

/** Each row that it gives is one that it changed, and the last one has the last rowid. */
async function runReturning(queries: D1Queries, call: D1Call): Promise<ReadOutcome> {
  const { known, values } = call;
  const sql = known.textFor(values);
  const plain = async (): Promise<ReadOutcome> => {
    const read = await runRaw(queries, call, sql);
    return () => changedRows(read());
  };
  if (known.statement.target === undefined) return await plain();
  try {
    const read = await runRaw(queries, call, `${sql}, CAST(_rowid_ AS TEXT)`);
    return () => withLastRowid(read());
  } catch (error) {
    if (!lacksRowid(error)) throw error;
    return await plain();
  }
}

function changedRows(outcome: D1Outcome): D1Outcome {
  return { ...outcome, changes: outcome.rows.length };
}

function withLastRowid(outcome: D1Outcome): D1Outcome {
  const { rows, columns } = outcome;
  const rowid = rows.map((row) => row.pop()).at(-1);
  const madeRowid = typeof rowid === "string";
  const lastInsertRowid = madeRowid ? BigInt(rowid) : 0;
  return { ...changedRows(outcome), columns: columns.slice(0, -1), madeRowid, lastInsertRowid };
}

/** What is sent for one statement of a batch, and how its results are read. */
interface Plan {
  readonly statements: D1PreparedStatement[];
  read(results: readonly D1Result[]): D1Outcome;
}

function planOf(queries: D1Queries, { known, values }: D1Call, asksBefore: boolean): Plan {
  const { statement: { target, upserts }, writes } = known;
  const own = prepare(queries, known.textFor(values), values);
  if (!writes) {
    return { statements: [own], read: ([result]) => ({ ...rowsOf(known, result), ...NO_CHANGES }) };
  }
  const exists = upserts && asksBefore
    ? `, EXISTS (SELECT 1 FROM ${target} WHERE _rowid_ = last_insert_rowid()) AS "exists"`
    : "";
  const before = exists === "" ? [] : [queries.prepare(`SELECT ${ROWID}${exists}`)];
  const after = target === undefined ? queries.prepare("SELECT changes() AS changes") : prepare(
    queries,
    `SELECT changes() AS changes, ${ROWID}, (SELECT wr FROM pragma_table_list(?)) AS wr${exists}`,
    [bareName(target)],
  );
  const read = (results: readonly D1Result[]): D1Outcome => {
    const [{ results: [then] }, result, { results: [now] }] = exists === ""
      ? [NO_RESULT, ...results]
      : results;
    const lastInsertRowid = BigInt(now.rowid as string ?? 0);
    const changes = now.changes as number;
    const inserted = target !== undefined && changes > 0 && now.wr !== 1;
    const madeRowid = inserted && (!upserts || wasInserted(then, now, lastInsertRowid));
    return { ...rowsOf(known, result), changes, lastInsertRowid, madeRowid };
  };
  return { statements: [...before, own, after], read };
}

const NO_CHANGES = { changes: 0, lastInsertRowid: 0, madeRowid: false };
const NO_RESULT: D1Result = { results: [] };

function wasInserted(before: Row | undefined, after: Row, rowid: bigint): boolean {
  if (before === undefined) return false;
  const known = { rowid: BigInt(before.rowid as string), exists: before.exists === 1 };
  return upsertInserted(known, rowid, () => after.exists === 1);
}

/** The columns and values in objects. */
function rowsOf(
  known: D1Statement,
  { results }: D1Result,
): Pick<D1Outcome, "columns" | "rows" | "isDoubtful"> {
  if (results.length === 0) return { columns: [], rows: [], isDoubtful: false };
  const names = Object.keys(results[0]);
  const columns = namesWithoutCasts(names);
  const rows = results.map((row) => settle(Object.values(row), columns));
  const moved = names.length > 1 && names.some((name) => /^\d+$/.test(name));
  return { columns, rows, isDoubtful: moved || names.length !== known.columns };
}

function settle(row: unknown[], columns: readonly string[]): SQLiteValue[] {
  for (let i = 0; i < row.length; i++) row[i] = fromPlatform(row[i], columns[i]);
  return row as SQLiteValue[];
}

function prepare(
  queries: D1Queries,
  sql: string,
  values: readonly SQLiteValue[],
): D1PreparedStatement {
  const statement = queries.prepare(sql);
  return values.length === 0 ? statement : statement.bind(...values.map(bindable));
}

/** The name of a table without its schema and quotes. */
function bareName(target: string): string {
  const name = /(?:^|\.)("(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[^.]*)$/.exec(target)![1];
  const quote = name[0];
  if (quote === "[") return name.slice(1, -1);
  if (quote !== '"' && quote !== "`") return name;
  return name.slice(1, -1).replaceAll(quote + quote, quote);
}
