/**
 * Recognizes handles by shape: minifiers rename classes, and handles may come from another realm or
 * another copy of a module.
 *
 * @module
 */

/** The properties with which runtimes mark handles of their own drivers. */
const brand = Symbol.for("sqlite-type");

/**
 * Returns the driver name that a handle is marked with.
 *
 * @param value Any value.
 * @returns for example `"node:sqlite"`; `undefined` for any other value.
 */
export function brandOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? read(value, brand) : undefined;
}

/**
 * Whether a value has all of these methods.
 *
 * @param value Any value.
 * @param names The names of the methods.
 */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof read(value, name) === "function");
}

/**
 * Reads a property whose getter may throw, such as that of a prototype or a closed handle.
 *
 * @param value Any value.
 * @param name The property.
 * @returns The value; `undefined` if there is none or the getter throws.
 */
export function read(value: unknown, name: string | symbol): unknown {
  try {
    return (value as Record<string | symbol, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}
