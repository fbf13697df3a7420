/**
 * The parameters of a call as they are at the call. Apart from binding, because a pool takes them
 * before it has a connection: what binds them comes with the first driver.
 *
 * @module
 */

import { isRecord, tagOf } from "../../platform/describe.ts";
import type { BindParams, BindValue } from "../types.ts";

/** Copies made here, which nobody else can change: they are not copied again. */
const ownCopies = new WeakSet<object>();

/**
 * Takes the parameters of a call as they are now. The caller may change its array, its object or
 * its bytes afterwards; whoever binds later than in the call itself binds what this returns.
 *
 * @param params What the caller gave.
 * @returns A copy. What cannot be bound stays in it, for `bindValues` to refuse.
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

function takeObject(value: BindValue & object): BindValue {
  return copyBytes(value) ?? value;
}

export function asUint8Array({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Empty, but with memory behind it: without any, Node 22 would bind NULL. */
export function emptyBlob(): Uint8Array {
  return new Uint8Array(1).subarray(1);
}

export function viewOf(value: object): ArrayBufferView | undefined {
  try {
    return new DataView(value as ArrayBuffer);
  } catch {
    return undefined;
  }
}

/** Whether the memory of a buffer was transferred to somewhere else: it looks like an empty one. */
export function isDetached(value: object): boolean {
  try {
    return tagOf(value) === "ArrayBuffer" && (value as { detached?: unknown }).detached === true;
  } catch {
    // Something that only looks like a buffer.
    return false;
  }
}
