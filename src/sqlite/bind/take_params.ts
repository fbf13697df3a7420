/**
 * Copies the parameters at the time of a call. Separate from binding, because a pool copies them
 * before it has a connection; the binding code is loaded with the first driver.
 *
 * @module
 */

import { isRecord, tagOf } from "../../platform/describe.ts";
import type { BindParams, BindValue } from "../types.ts";

/** Copies made here, which nobody else can modify and which are not copied again. */
const ownCopies = new WeakSet<object>();

/**
 * Copies the parameters of a call. The caller may change its array, object or bytes afterwards, so
 * anything that binds after the call returns must bind this copy.
 *
 * @param params The caller's parameters.
 * @returns A copy. Values that cannot be bound are kept for `bindValues` to reject.
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
  // Defines properties, since assigning to __proto__ would lose the value.
  return Object.fromEntries(entries);
}

/**
 * Copies bytes once: a copy made by this function is returned unchanged. Unlike Node's `Buffer`, a
 * copy does not share its memory and can be transferred to another thread.
 *
 * @param bytes A buffer or view.
 * @returns The copy; `undefined` for anything but a buffer or view, and for a detached one.
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

/** Empty but backed by memory, since Node 22 would bind NULL otherwise. */
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

/** Whether a buffer is detached; it looks like an empty one. */
export function isDetached(value: object): boolean {
  try {
    return tagOf(value) === "ArrayBuffer" && (value as { detached?: unknown }).detached === true;
  } catch {
    // An object that only looks like a buffer.
    return false;
  }
}
