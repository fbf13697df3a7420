/** Statements of a program, and their parameters. */

import { Buffer } from "node:buffer";

import { type BindParams, type BindValue, SqlQuery } from "../../../mod.ts";
import type { Codes } from "../codes.ts";
import { CONTROL_KINDS, type Kind, KINDS, SLOW } from "./kinds.ts";

export interface Statement {
  readonly kind: Kind;
  readonly tag: number;
  readonly sql: string;
  readonly container: "array" | "object" | "tag";
  readonly valueType: number;
}

const CONTAINERS = ["array", "object", "tag"] as const;
const VALUE_TYPES = ["text", "integer", "Uint8Array", "Buffer", "ArrayBuffer", "view"];
const RETURNING = KINDS.find(({ name }) => name === "returning")!;
const WORKING = KINDS.filter(({ fate }) => fate === "works").length;

/** Where a statement stands; drivers of three methods take what comes. */
export type Origin = "call" | "batch" | "unchecked call" | "script" | "cursor";

/** Every second statement works, so that there is something to lose. */
export function decodeStatement(codes: Codes, tag: number, from: Origin): Statement {
  const inScript = from === "script";
  const kind = from === "cursor" ? RETURNING : decodeKind(codes, from);
  const choice = codes.next(18);
  const container = CONTAINERS[kind.spoil === undefined ? Math.trunc(choice / 6) : 0];
  const valueType = inScript ? 0 : choice % (from === "unchecked call" ? 3 : 6);
  const [tagText, valueText] = inScript
    ? [String(tag), `'v${tag}'`]
    : container === "object"
    ? [":tag", ":value"]
    : ["?", "?"];
  return { kind, tag, container, valueType, sql: kind.sql(tagText, valueText, tag) };
}

function decodeKind(codes: Codes, from: Origin): Kind {
  const works = codes.next(3) < 2;
  const choice = codes.next(1_000);
  if (choice === 999) return SLOW;
  const kind = works ? KINDS[choice % WORKING] : KINDS[WORKING + choice % (KINDS.length - WORKING)];
  return fits(kind, from) ? kind : KINDS[WORKING];
}

function fits({ rowFactory, fate, needsParams }: Kind, from: Origin): boolean {
  if (from === "batch") return rowFactory === undefined;
  // No driver of three methods tells whether a full database has ended the transaction.
  if (from === "unchecked call" && fate === "may end") return false;
  return from === "call" || needsParams !== true;
}

/** A statement for a call of its own. */
export function decodeLoneStatement(codes: Codes, tag: number, from: Origin): Statement {
  const choice = codes.next(50);
  if (choice < 50 - CONTROL_KINDS.length) return decodeStatement(codes, tag, from);
  const kind = CONTROL_KINDS[49 - choice];
  return { kind, tag, container: "array", valueType: 0, sql: kind.sql("", "", tag) };
}

/** The value of a statement, as it reads in the file: its type and its text. */
export function storedValue({ tag, valueType }: Statement): string {
  if (valueType === 0) return `text v${tag}`;
  return valueType === 1 ? `integer ${tag}` : `blob v${tag}`;
}

/** Parameters that are made for one call. */
export interface Parameters {
  readonly query: string | SqlQuery;
  readonly params: BindParams | undefined;
  /** Changes everything that the caller still has in its hands. */
  change(): void;
}

export function makeParameters({ kind, tag, sql, container, valueType }: Statement): Parameters {
  const { value, bytes } = makeValue(tag, valueType);
  const values: BindValue[] = [tag, value];
  if (kind.spoil !== undefined) {
    const params = kind.spoil(values) as BindParams;
    return { query: sql, params, change: () => bytes?.fill(0xee) };
  }
  if (container === "object") {
    const params: Record<string, BindValue> = { tag, value };
    const change = (): void => {
      bytes?.fill(0xee);
      params.tag = -1;
      params.value = "changed";
      params.more = 1;
    };
    return { query: sql, params, change };
  }
  const change = (): void => {
    bytes?.fill(0xee);
    values[0] = -1;
    values[1] = "changed";
    values.push("more");
  };
  if (container === "tag") return { query: new SqlQuery(sql, values), params: undefined, change };
  return { query: sql, params: values, change };
}

function makeValue(tag: number, valueType: number): { value: BindValue; bytes?: Uint8Array } {
  const text = `v${tag}`;
  if (valueType === 0) return { value: text };
  if (valueType === 1) return { value: tag };
  // From the slab that small Buffers share.
  const buffer = Buffer.from(text);
  if (valueType === 3) return { value: buffer, bytes: buffer };
  const bytes = Uint8Array.from(buffer);
  if (valueType === 2) return { value: bytes, bytes };
  if (valueType === 4) return { value: bytes.buffer, bytes };
  const larger = new Uint8Array(bytes.length + 8);
  larger.set(bytes, 4);
  return { value: new DataView(larger.buffer, 4, bytes.length), bytes: larger };
}

export function showStatement({ kind, tag, container, valueType }: Statement): string {
  return `${kind.name} #${tag} (${container}, ${VALUE_TYPES[valueType]})`;
}
