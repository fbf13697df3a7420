/**
 * What kind of thing a value is, for messages that must not show the value itself.
 *
 * @module
 */

/**
 * Names the type of a value in a message, never the value.
 *
 * @param value Any value.
 * @returns Such as `a Date`, `an array`, `undefined`.
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
 * Shows a rejected value in a message, briefly and without side effects.
 *
 * @param value Any value that is safe to show: an option, never a parameter of a statement.
 * @returns Such as `the string "5"`, `-1`, `an AbortController`.
 */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return `the string ${JSON.stringify(value)}`;
  if (typeof value === "bigint") return `${value}n (a bigint)`;
  const isShown = typeof value === "number" || typeof value === "boolean";
  return isShown ? String(value) : describe(value);
}

/** What somebody has thrown says of itself. Never throws: anything can be thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something that cannot be printed";
  }
}

/** Whether this is an object of no class, of whatever realm. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || tagOf(value) !== "Object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The class of an object, of whatever realm, as `Object.prototype.toString` names it. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
