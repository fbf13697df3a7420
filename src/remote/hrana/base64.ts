/**
 * Blobs as text. Runtimes that have it do this themselves, many times as fast.
 *
 * @module
 */

interface Native {
  readonly prototype: { toBase64?(this: Uint8Array): string };
  fromBase64?(text: string): Uint8Array;
}

const native = Uint8Array as unknown as Native;

/** `String.fromCharCode` takes its characters as arguments, of which there may not be too many. */
const CHUNK = 8_192;

/** With padding. */
export function encodeBase64(bytes: Uint8Array): string {
  const { toBase64 } = native.prototype;
  if (toBase64 !== undefined) return toBase64.call(bytes);
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}

/** With or without padding. */
export function decodeBase64(text: string): Uint8Array {
  if (native.fromBase64 !== undefined) return native.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
