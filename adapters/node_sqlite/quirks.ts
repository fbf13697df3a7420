/**
 * What the versions of node:sqlite do differently, found out by trying.
 *
 * @module
 */

import type { NulText } from "../../src/sqlite/bind.ts";
import type { NodeSqliteHandle } from "./handle.ts";
import { hasMethods } from "../shape.ts";

/** What one version of node:sqlite does. */
export interface Traits {
  /** Whether text with NUL characters comes out whole. */
  readonly nulText: NulText;
  /** Whether an iterator throws when its statement fails: else it ends as if after the last row. */
  readonly iteratorsThrow: boolean;
  /** Whether statements tell that SQLite has prepared them again for another schema. */
  readonly tellsReprepares: boolean;
}

/** By the prototype of the handles. */
const traitsByKind = new WeakMap<object, Traits>();
const cautiousTraits: Traits = {
  nulText: "refused",
  iteratorsThrow: false,
  tellsReprepares: false,
};

/**
 * Finds out what a handle does, once for all of its kind.
 *
 * @param handle An open handle, on which a few statements run that touch no table.
 */
export function traitsOf(handle: NodeSqliteHandle): Traits {
  const kind: object | null = Object.getPrototypeOf(handle);
  const known = kind === null ? undefined : traitsByKind.get(kind);
  if (known !== undefined) return known;
  try {
    const traits = tryOut(handle);
    // A plain object is of no kind: it may stand for anything.
    if (kind !== null && kind !== Object.prototype) traitsByKind.set(kind, traits);
    return traits;
  } catch {
    // Not the version but this handle has a fault, which the first statement will tell of.
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
