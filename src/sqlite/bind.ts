/**
 * Binding: converts parameters to the values that SQLite stores, the same on every driver.
 *
 * Numbers stay numbers here: adapters store safe integers as INTEGER and all others as REAL.
 *
 * @module
 */

import { describe, isRecord } from "../platform/describe.ts";
import { checkText, nameOf, toSQLiteValue } from "./bind/check_value.ts";
import type { BindParams, SQLiteValue } from "./types.ts";

/** Whether text with a NUL character can be bound; some drivers would truncate it. */
export type NulText = "allowed" | "refused";

/** What a driver cannot bind. */
export interface BindLimits {
  /** Whether the driver preserves text with NUL characters. */
  readonly nulText: NulText;
  /**
   * Returns why the driver cannot bind a value, worded to follow `parameter 1`; `undefined` if it
   * can. Without this method it can bind all values.
   */
  refuse?(value: SQLiteValue): string | undefined;
}

const noLimits: BindLimits = { nulText: "allowed" };

/**
 * Arranges the parameters of a call in the order of the statement's parameters.
 *
 * @param params An array, an object with values by name, or nothing.
 * @param parameters The statement's parameters; see `Statement.parameters`.
 * @param limits What the driver cannot bind; a driver's handle can be passed.
 * @returns A new array with one value for each parameter.
 * @throws {TypeError} if a value, or the parameters as a whole, have a type that cannot be bound.
 * @throws {RangeError} for too few or too many values, or a value that SQLite cannot store.
 */
export function bindValues(
  params: BindParams | undefined,
  parameters: readonly string[],
  limits: BindLimits = noLimits,
): SQLiteValue[] {
  if (params === undefined) {
    if (parameters.length > 0) throw wrongCount(parameters, 0);
    return [];
  }
  const given = Array.isArray(params) ? params : orderByName(params, parameters);
  const count = given.length;
  if (count !== parameters.length) throw wrongCount(parameters, count);
  const values = new Array<SQLiteValue>(count);
  for (let i = 0; i < count; i++) {
    const value: unknown = given[i];
    values[i] = typeof value === "string"
      ? bindText(value, limits.nulText, i, parameters)
      : toSQLiteValue(value, i, parameters);
  }
  if (limits.refuse !== undefined) refuseSome(values, parameters, limits);
  return values;
}

function refuseSome(
  values: readonly SQLiteValue[],
  parameters: readonly string[],
  limits: BindLimits,
): void {
  for (let i = 0; i < values.length; i++) {
    const reason = limits.refuse!(values[i]);
    if (reason !== undefined) throw new RangeError(`${nameOf(i, parameters)} ${reason}`);
  }
}

function bindText(
  value: string,
  nulText: NulText,
  index: number,
  parameters: readonly string[],
): string {
  checkText(value, index, parameters);
  if (nulText === "refused" && value.includes("\0")) {
    throw new RangeError(
      `${nameOf(index, parameters)} is text with a NUL character, at which this driver would ` +
        `truncate it: pass new TextEncoder().encode(text) to store it as a blob`,
    );
  }
  return value;
}

function orderByName(params: unknown, parameters: readonly string[]): unknown[] {
  if (!isRecord(params)) {
    throw new TypeError(
      `parameters must be an array or a plain object, not ${describe(params)}: ` +
        `pass [value] for a single parameter`,
    );
  }
  // Copies own properties, so that inherited names and getters with changing results are excluded.
  const given = new Map<string, unknown>(Object.entries(params));
  const used = new Set<string>();
  const missing: string[] = [];
  const values = parameters.map((parameter, index) => {
    if (parameter.startsWith("?")) {
      throw new TypeError(
        `parameter ${index + 1} of the statement has no name (${parameter}): pass an array`,
      );
    }
    const bare = parameter.slice(1);
    if (given.has(parameter) && given.has(bare)) {
      throw new TypeError(`parameter ${parameter} was given twice, as ${parameter} and as ${bare}`);
    }
    const name = given.has(parameter) ? parameter : bare;
    if (!given.has(name)) missing.push(parameter);
    used.add(name);
    return given.get(name);
  });
  const unknown = [...given.keys()].filter((name) => !used.has(name));
  if (missing.length > 0 || unknown.length > 0) throw wrongNames(missing, unknown);
  return values;
}

function wrongCount(parameters: readonly string[], given: number): RangeError {
  const takes = parameters.length === 1 ? "1 parameter" : `${parameters.length} parameters`;
  const gave = given === 0 ? "none was" : given === 1 ? "1 was" : `${given} were`;
  return new RangeError(`the statement takes ${takes}, but ${gave} given`);
}

function wrongNames(missing: string[], unknown: string[]): RangeError {
  const problems: string[] = [];
  if (missing.length > 0) problems.push(`no value was given for ${missing.join(", ")}`);
  if (unknown.length > 0) {
    problems.push(`the statement has no parameter named ${unknown.join(", ")}`);
  }
  return new RangeError(problems.join("; "));
}
