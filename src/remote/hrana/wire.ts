/**
 * Hrana 3 over HTTP: what goes over the wire, and back to values of SQLite.
 *
 * Statements are encoded when a call is made, as text: what the caller does with its parameters
 * afterwards changes nothing, and -0 survives, which `JSON.stringify` makes 0.
 *
 * @module
 */

import { numberParameters } from "../../sqlite/bind/number_parameters.ts";
import type { Outcome } from "../../sqlite/outcome.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import type { IntMode } from "../../sqlite/rows.ts";
import type { Statement } from "../../sqlite/scan.ts";
import type { SQLiteValue } from "../../sqlite/types.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

interface WireValue {
  readonly type: "null" | "integer" | "float" | "text" | "blob";
  readonly value?: string | number | null;
  readonly base64?: string;
}

interface WireColumn {
  readonly name: string | null;
  /** As in the schema; `null` for what is computed. */
  readonly decltype?: string | null;
}

/** What a server says of a statement that has not run. */
export interface WireDescription {
  readonly is_readonly: boolean;
  readonly cols: readonly WireColumn[];
  readonly params: readonly { readonly name: string | null }[];
}

/** What a server says of a statement that ran. */
export interface WireResult {
  readonly cols: readonly WireColumn[];
  readonly rows: readonly (readonly WireValue[])[];
  readonly affected_row_count: number;
  readonly last_insert_rowid: string | null;
  /** How long it took the server; 0 where that passed it on to another one. */
  readonly query_duration_ms?: number;
}

/** What a server says of a statement that failed. */
export interface WireError {
  readonly message: string;
  readonly code?: string | null;
}

/** What a server says of a batch; a step that was left out has neither result nor error. */
export interface WireBatch {
  readonly step_results: readonly (WireResult | null)[];
  readonly step_errors: readonly (WireError | null)[];
  readonly replication_index?: string | number | null;
}

/** The answer to one request of a pipeline. */
export type WireReply =
  | {
    readonly type: "ok";
    readonly response: { readonly result?: unknown; readonly is_autocommit?: boolean };
  }
  | { readonly type: "error"; readonly error: WireError };

/** Requests without anything to fill in. */
export const CLOSE = '{"type":"close"}';
export const GET_AUTOCOMMIT = '{"type":"get_autocommit"}';

/** Conditions of steps. Only inside a transaction: nothing must run once it has ended. */
export const IN_TRANSACTION = '{"type":"not","cond":{"type":"is_autocommit"}}';
export const afterStep = (step: number): string => `{"type":"ok","step":${step}}`;

/** A statement as its text describes it, as far as it travels. */
export type WireStatement = Pick<Statement, "text" | "parameters">;

/** A statement of this package's own, without parameters. */
export const plain = (text: string): WireStatement => ({ text, parameters: [] });

/** A statement, as a step has it. */
export function encodeStatement(
  { text, parameters }: WireStatement,
  values: readonly SQLiteValue[] = [],
  wantRows: boolean = true,
): string {
  const named = parameters.filter((parameter) => !parameter.startsWith("?")).length;
  const byName = named > 0 && named === parameters.length;
  // The server takes parameters by name or by position, not both.
  const sql = named === 0 || byName ? text : numberParameters({ text, parameters });
  const args = values.map((value, i) => {
    const encoded = encodeValue(value);
    return byName ? `{"name":${JSON.stringify(parameters[i])},"value":${encoded}}` : encoded;
  });
  const list = args.length === 0 ? "" : `,"${byName ? "named_args" : "args"}":[${args.join(",")}]`;
  return `{"sql":${JSON.stringify(sql)}${list},"want_rows":${wantRows}}`;
}

/** A step that runs in any case, or only if its condition holds. */
export function encodeStep(statement: string, condition?: string): string {
  return condition === undefined
    ? `{"stmt":${statement}}`
    : `{"condition":${condition},"stmt":${statement}}`;
}

/**
 * A batch of steps.
 *
 * @param index a replica waits until it has got that far.
 */
export function encodeBatch(steps: readonly string[], index: number = 0): string {
  const wait = index === 0 ? "" : `,"replication_index":"${index}"`;
  return `{"type":"batch","batch":{"steps":[${steps.join(",")}]${wait}}}`;
}

/** Asks what a statement is. */
export function encodeDescribe(sql: string): string {
  return `{"type":"describe","sql":${JSON.stringify(sql)}}`;
}

/** The statements of a script, one after the other up to the first that fails. */
export function encodeSequence(sql: string): string {
  return `{"type":"sequence","sql":${JSON.stringify(sql)}}`;
}

function encodeValue(value: SQLiteValue): string {
  switch (typeof value) {
    case "string":
      return `{"type":"text","value":${JSON.stringify(value)}}`;
    case "bigint":
      return `{"type":"integer","value":"${value}"}`;
    case "number":
      if (Object.is(value, -0)) return '{"type":"float","value":-0.0}';
      // Only whole numbers that are exact are meant as such.
      return Number.isSafeInteger(value)
        ? `{"type":"integer","value":"${value}"}`
        : `{"type":"float","value":${value}}`;
    default:
      return value === null
        ? '{"type":"null"}'
        : `{"type":"blob","base64":"${encodeBase64(value)}"}`;
  }
}

/** Why a value cannot travel; `undefined` if it can. */
export function refuseValue(value: SQLiteValue): string | undefined {
  return value === Infinity || value === -Infinity
    ? "is infinite, which the protocol of libSQL servers cannot carry"
    : undefined;
}

/** The declared types of the columns of a result. */
export function declaredTypes({ cols }: WireResult): (string | undefined)[] {
  return cols.map(({ decltype }) => decltype ?? undefined);
}

/** What a step gave, with exact integers: as numbers where `intMode` and their size allow it. */
export function decodeResult(result: WireResult, intMode: IntMode): Outcome {
  const columns = result.cols.map(({ name }) => name ?? "");
  return {
    columns,
    rows: result.rows.map((row) => row.map((value, i) => decodeValue(value, columns[i], intMode))),
    changes: result.affected_row_count,
    lastInsertRowid: BigInt(result.last_insert_rowid ?? 0),
  };
}

function decodeValue(
  { type, value, base64 }: WireValue,
  column: string,
  intMode: IntMode,
): SQLiteValue {
  switch (type) {
    case "integer": {
      const number = Number(value);
      return intMode === "number" && Number.isSafeInteger(number) ? number : BigInt(value!);
    }
    case "float":
      if (typeof value === "number") return value;
      throw new SQLiteError(
        `column ${JSON.stringify(column)} holds an infinite number, which the protocol of libSQL ` +
          "servers cannot carry: select it as text, with cast(... AS TEXT)",
        resultCode.RANGE,
      );
    case "text":
      return value as string;
    case "blob":
      return decodeBase64(base64 ?? "");
    default:
      return null;
  }
}

/** The answer to a batch, where there is one. */
function batchIn(results: readonly WireReply[]): WireBatch | undefined {
  for (const reply of results) {
    const result = reply.type === "ok" ? reply.response.result : undefined;
    if (result !== undefined && "step_results" in (result as object)) return result as WireBatch;
  }
  return undefined;
}

/** How far the log had got, where an answer says so; 0 while it is empty. */
export function indexIn(results: readonly WireReply[]): number | undefined {
  const batch = batchIn(results);
  return batch && Number(batch.replication_index ?? 0);
}

/** Whether a server ran a batch itself: for what another one ran, it says that it took no time. */
export function ranHere(results: readonly WireReply[]): boolean {
  const ran = batchIn(results)?.step_results ?? [];
  return ran.some((result) => result !== null && result.query_duration_ms !== 0);
}
