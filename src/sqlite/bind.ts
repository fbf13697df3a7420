/**
 * Binding: from what the caller gives to what SQLite stores, the same on every driver.
 *
 * Numbers stay numbers here: an adapter sees to it that safe whole numbers become INTEGER and
 * all others REAL.
 *
 * @module
 */

import { describe, isRecord, tagOf } from "../platform/describe.ts";
import type { BindParams, BindValue, SQLiteValue } from "./types.ts";

/** Whether text with a NUL character can be bound, which some drivers would cut there. */
export type NulText = "allowed" | "refused";

/** What a driver cannot bind. */
export interface BindLimits {
  /** Whether text with NUL characters survives the driver. */
  readonly nulText: NulText;
  /**
   * Why the driver cannot bind a value as it is, in words that follow `parameter 1`; `undefined`
   * where it can. Without this, it can bind all values.
   */
  refuse?(value: SQLiteValue): string | undefined;
}

const noLimits: BindLimits = { nulText: "allowed" };

const minInteger = -(2n ** 63n);
const maxInteger = 2n ** 63n - 1n;

/** Copies made here, which nobody else can change: they are not copied again. */
const ownCopies = new WeakSet<object>();

/**
 * Takes the parameters of a call as they are now. The caller may change its array, its object or
 * its bytes afterwards; whoever binds later than in the call itself binds what this returns.
 *
 * @param params What the caller gave.
 * @returns A copy. What cannot be bound stays in it, for {@linkcode bindValues} to refuse.
 */
export function takeParams(params: BindParams | undefined): BindParams | undefined {
  if (Array.isArray(params)) {
    const count = params.length;
    const taken = new Array<BindValue>(count);
    for (let i = 0; i < count; i++) {
      const value: BindValue = params[i];
      taken[i] = typeof value === "object" && value !== null ? takeObject(value) : value;
    }
    return taken;
  }
  if (!isRecord(params)) return params;
  const entries = Object.entries<BindValue>(params as Readonly<Record<string, BindValue>>);
  for (const entry of entries) {
    const [, value] = entry;
    if (typeof value === "object" && value !== null) entry[1] = takeObject(value);
  }
  // Defines properties: an assignment to __proto__ would lose the value.
  return Object.fromEntries(entries);
}

/**
 * Copies bytes, once: a copy that this function made is returned as it is. The memory of a copy
 * holds nothing else, unlike that of Node's `Buffer`, and may be transferred to another thread.
 *
 * @param bytes Whatever holds them.
 * @returns The copy; `undefined` for anything but a buffer or a view of one, and for one whose
 *   memory is gone.
 */
export function copyBytes(bytes: object): Uint8Array | undefined {
  if (ownCopies.has(bytes)) return bytes as Uint8Array;
  const view = ArrayBuffer.isView(bytes) ? bytes : viewOf(bytes);
  if (view === undefined || isDetached(view.buffer)) return undefined;
  const copy = view.byteLength === 0 ? emptyBlob() : new Uint8Array(asUint8Array(view));
  ownCopies.add(copy);
  return copy;
}

/**
 * Puts the parameters of a call into the order of the statement's parameters.
 *
 * @param params What the caller gave: an array, an object by names, or nothing.
 * @param parameters The parameters of the statement, as `Statement.parameters` tells them.
 * @param limits What the driver cannot bind, such as the driver's handle itself.
 * @returns A new array with one value for each parameter.
 * @throws {TypeError} A value or the parameters as a whole are of a type that cannot be bound.
 * @throws {RangeError} There are too few or too many, or a value that SQLite cannot hold.
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
      ? checkText(value, limits.nulText, i, parameters)
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

/**
 * Checks that a value can be bound, before there is a statement to bind it to.
 *
 * @param value What would be bound.
 * @param name What to call it in the error.
 * @throws {TypeError | RangeError} As {@linkcode bindValues} does.
 */
export function checkBindValue(value: unknown, name: string): asserts value is BindValue {
  if (typeof value === "string") checkText(value, "allowed", 0, [name]);
  else toSQLiteValue(value, 0, [name]);
}

/** `index` and `parameters` only serve to name the parameter, should that become necessary. */
function toSQLiteValue(value: unknown, index: number, parameters: readonly string[]): SQLiteValue {
  switch (typeof value) {
    case "number":
      if (!Number.isNaN(value)) return value;
      throw new RangeError(
        `${nameOf(index, parameters)} is NaN, which SQLite would store as NULL: ` +
          `pass null if that is meant`,
      );
    case "boolean":
      return value ? 1 : 0;
    case "bigint":
      if (value >= minInteger && value <= maxInteger) return value;
      throw new RangeError(
        `${nameOf(index, parameters)} is a bigint of more than 64 bits, which SQLite cannot ` +
          `store: pass it as text`,
      );
    case "object": {
      if (value === null) return null;
      const bytes = toBytes(value, index, parameters);
      if (bytes !== undefined) return bytes;
    }
  }
  throw new TypeError(
    `${nameOf(index, parameters)} is ${describe(value)}, which SQLite cannot store: ` +
      remedyFor(value),
  );
}

function checkText(
  value: string,
  nulText: NulText,
  index: number,
  parameters: readonly string[],
): string {
  if (!value.isWellFormed()) {
    throw new RangeError(
      `${nameOf(index, parameters)} is text with half of a surrogate pair, which SQLite would ` +
        `store as U+FFFD: pass text.toWellFormed() if that is meant, or bytes`,
    );
  }
  if (nulText === "refused" && value.includes("\0")) {
    throw new RangeError(
      `${nameOf(index, parameters)} is text with a NUL character, where this driver would cut ` +
        `it: pass new TextEncoder().encode(text) to store it as a blob`,
    );
  }
  return value;
}

/**
 * The bytes of a buffer or of what a view shows of one; `undefined` for any other object.
 * Nothing here asks for a class: look-alikes have none of the bytes, other realms other classes.
 */
function toBytes(
  value: object,
  index: number,
  parameters: readonly string[],
): Uint8Array | undefined {
  if (ArrayBuffer.isView(value) && value instanceof Uint8Array && value.byteLength > 0) {
    return value;
  }
  const view = ArrayBuffer.isView(value) ? value : viewOf(value);
  if (isDetached(view?.buffer ?? value)) {
    throw new TypeError(
      `${nameOf(index, parameters)} is a detached buffer: its bytes were transferred elsewhere`,
    );
  }
  if (view === undefined) return undefined;
  return view.byteLength === 0 ? emptyBlob() : asUint8Array(view);
}

function takeObject(value: BindValue & object): BindValue {
  return copyBytes(value) ?? value;
}

function asUint8Array({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Empty, but with memory behind it: without any, Node 22 would bind NULL. */
function emptyBlob(): Uint8Array {
  return new Uint8Array(1).subarray(1);
}

function viewOf(value: object): ArrayBufferView | undefined {
  try {
    return new DataView(value as ArrayBuffer);
  } catch {
    return undefined;
  }
}

/** Whether the memory of a buffer was transferred to somewhere else: it looks like an empty one. */
function isDetached(value: object): boolean {
  try {
    return tagOf(value) === "ArrayBuffer" && (value as { detached?: unknown }).detached === true;
  } catch {
    // Something that only looks like a buffer.
    return false;
  }
}

function orderByName(params: unknown, parameters: readonly string[]): unknown[] {
  if (!isRecord(params)) {
    throw new TypeError(
      `parameters must be an array or a plain object, not ${describe(params)}: ` +
        `pass [value] for a single parameter`,
    );
  }
  // A copy of its own properties: an inherited name or a getter that changes its mind is no value.
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

/** Names a parameter in a message: `parameter 2`, `parameter 2 (:id)`, or as it was called. */
function nameOf(index: number, parameters: readonly string[]): string {
  const parameter = parameters[index];
  if (parameter.startsWith("?")) return `parameter ${index + 1}`;
  return /^[:@$]/.test(parameter) ? `parameter ${index + 1} (${parameter})` : parameter;
}

function remedyFor(value: unknown): string {
  if (value === undefined) return "pass null for NULL";
  if (typeof value === "function") return "call it and pass what it returns";
  if (typeof value === "symbol") return "pass its description";
  if (tagOf(value) === "Date") {
    return "pass date.toISOString() for text or date.getTime() for a number";
  }
  return "pass JSON.stringify(value) for text, or each of its values as a parameter of its own";
}
