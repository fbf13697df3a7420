/**
 * Describes values in messages.
 *
 * @module
 */

/**
 * Names the type of a value in a message, never the value.
 *
 * @param value Any value.
 * @returns for example `a Date`, `an array` or `undefined`.
 */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  if (Array.isArray(value)) return "an array";
  if (isRecord(value)) return "an object";
  const { constructor } = value;
  const name = typeof constructor === "function" && typeof constructor.name === "string"
    ? constructor.name
    : tagOf(value);
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/**
 * Shows an invalid value in a message, briefly and without side effects.
 *
 * @param value Any value that is safe to show, such as an option; never a statement parameter.
 * @returns for example `the string "5"`, `-1` or `an AbortController`.
 */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return `the string ${JSON.stringify(value)}`;
  if (typeof value === "bigint") return `${value}n (a bigint)`;
  const isShown = typeof value === "number" || typeof value === "boolean";
  return isShown ? String(value) : describe(value);
}

/** Returns the message of a thrown value. Never throws, whatever the value is. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something that cannot be printed";
  }
}

/** Whether a value is a plain object, of any realm. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || tagOf(value) !== "Object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The class name of an object, of any realm, as given by `Object.prototype.toString`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
