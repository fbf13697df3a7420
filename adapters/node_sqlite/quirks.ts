/**
 * Differences between versions of node:sqlite, detected by running statements.
 *
 * @module
 */

import type { NulText } from "../../src/sqlite/bind.ts";
import type { NodeSqliteHandle } from "./handle.ts";
import { hasMethods } from "../shape.ts";

/** The behavior of one version of node:sqlite. */
export interface Traits {
  /** Whether text with NUL characters is returned whole. */
  readonly nulText: NulText;
  /**
   * Whether an iterator throws if its statement fails; otherwise it ends as if after the last row.
   */
  readonly iteratorsThrow: boolean;
  /** Whether statements reveal that SQLite has re-prepared them for a new schema. */
  readonly tellsReprepares: boolean;
}

/** Results by the prototype of the handle. */
const traitsByKind = new WeakMap<object, Traits>();
const cautiousTraits: Traits = {
  nulText: "refused",
  iteratorsThrow: false,
  tellsReprepares: false,
};

/**
 * Detects the behavior of a handle, once per class.
 *
 * @param handle An open handle, on which a few statements run that use no table.
 */
export function traitsOf(handle: NodeSqliteHandle): Traits {
  const kind: object | null = Object.getPrototypeOf(handle);
  const known = kind === null ? undefined : traitsByKind.get(kind);
  if (known !== undefined) return known;
  try {
    const traits = tryOut(handle);
    // A plain object has no class to cache by.
    if (kind !== null && kind !== Object.prototype) traitsByKind.set(kind, traits);
    return traits;
  } catch {
    // This handle, not the version, is faulty, which its first statement will report.
    return cautiousTraits;
  }
}

function tryOut(handle: NodeSqliteHandle): Traits {
  return {
    nulText: keepsNul(handle) ? "allowed" : "refused",
    iteratorsThrow: iteratorsThrow(handle),
    tellsReprepares: hasMethods(handle.prepare("SELECT 1"), ["stat"]),
  };
}

function keepsNul(handle: NodeSqliteHandle): boolean {
  const statement = handle.prepare("SELECT ?");
  statement.setReturnArrays!(true);
  const [text] = statement.get("a\0b") as [string];
  return text === "a\0b";
}

function iteratorsThrow(handle: NodeSqliteHandle): boolean {
  const overflow = handle.prepare("SELECT abs(-9223372036854775808)").iterate();
  try {
    overflow.next();
    return false;
  } catch {
    return true;
  }
}
