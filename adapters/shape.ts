/**
 * Recognising handles without their classes: names of classes do not survive minifiers, and
 * classes themselves not the way from another realm or copy of a module.
 *
 * @module
 */

/** What the runtimes mark the handles of their own drivers with. */
const brand = Symbol.for("sqlite-type");

/**
 * The name of the driver that a handle carries.
 *
 * @param value Anything.
 * @returns Such as `"node:sqlite"`; `undefined` for anything but a handle.
 */
export function brandOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? read(value, brand) : undefined;
}

/**
 * Whether something has all of these methods.
 *
 * @param value Anything.
 * @param names The names of the methods.
 */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof read(value, name) === "function");
}

/**
 * Reads a property, whose getter may throw: of a prototype, or of a handle that is closed.
 *
 * @param value Anything.
 * @param name The property.
 * @returns Its value; `undefined` where there is none to be had.
 */
export function read(value: unknown, name: string | symbol): unknown {
  try {
    return (value as Record<string | symbol, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}
