/**
 * Writes messages as frames.
 *
 * @module
 */

import { HEADER_LENGTH, kind, tag } from "./frame_format.ts";
import type { WirePart } from "./wire.ts";

/** How much memory is allocated at once for small values. */
const SLAB_LENGTH = 65_536;

/** Bytes of at least this length are not copied into a slab. */
const OWN_SEGMENT = 16_384;

/** The longest tag with a number. */
const LONGEST_SCALAR = 9;

/** Shorter text is written by a loop, which is faster than a call of the encoder. */
const SHORT_TEXT = 40;

/** UTF-8 needs at most three bytes for a UTF-16 code unit. */
const MOST_BYTES_OF_A_UNIT = 3;

const textEncoder = new TextEncoder();

/** Writes messages as frames. */
export class FrameWriter {
  #slab = new Uint8Array(SLAB_LENGTH);
  #view = new DataView(this.#slab.buffer);
  /** Where the unfinished segment begins, and its end so far. */
  #start = 0;
  #at = 0;
  #segments: Uint8Array[] = [];

  /**
   * Returns the bytes of a message, which must not be changed until they are written.
   *
   * @param message The parts of a message, or an object that JSON can represent.
   */
  frame(message: object): readonly Uint8Array[] {
    // A message that could not be written may have left something behind.
    this.#start = this.#at;
    this.#reserve(HEADER_LENGTH);
    const [head, start] = [this.#view, this.#at];
    this.#at += HEADER_LENGTH;
    try {
      if (Array.isArray(message)) { for (const part of message) this.#part(part); }
      else this.#text(JSON.stringify(message));
      this.#endSegment();
      const segments = this.#segments;
      const length = segments.reduce((sum, segment) => sum + segment.length, -HEADER_LENGTH);
      head.setUint32(start, length % 2 ** 32, true);
      head.setUint16(start + 4, Math.floor(length / 2 ** 32), true);
      head.setUint8(start + 6, Array.isArray(message) ? kind.parts : kind.object);
      return segments;
    } finally {
      this.#segments = [];
    }
  }

  #part(part: WirePart): void {
    this.#reserve(LONGEST_SCALAR);
    switch (typeof part) {
      case "number":
        return this.#number(part);
      case "string":
        this.#slab[this.#at++] = tag.text;
        return this.#text(part);
      case "undefined":
        this.#slab[this.#at++] = tag.undefined;
        return;
      case "bigint":
        this.#slab[this.#at] = tag.int64;
        this.#view.setBigInt64(this.#at + 1, part, true);
        this.#at += 9;
        return;
    }
    if (part === null) this.#slab[this.#at++] = tag.null;
    else if (part instanceof ArrayBuffer) this.#bytes(new Uint8Array(part));
    else if (Array.isArray(part)) {
      this.#slab[this.#at] = tag.array;
      this.#view.setUint32(this.#at + 1, part.length, true);
      this.#at += 5;
      for (const value of part) this.#part(value);
    } else {
      this.#slab[this.#at++] = tag.object;
      this.#text(JSON.stringify(part));
    }
  }

  #number(value: number): void {
    const isInt32 = (value | 0) === value && (value !== 0 || 1 / value > 0);
    this.#slab[this.#at] = isInt32 ? tag.int32 : tag.float64;
    if (isInt32) this.#view.setInt32(this.#at + 1, value, true);
    else this.#view.setFloat64(this.#at + 1, value, true);
    this.#at += isInt32 ? 5 : 9;
  }

  #bytes(bytes: Uint8Array): void {
    this.#slab[this.#at] = tag.bytes;
    this.#view.setFloat64(this.#at + 1, bytes.length, true);
    this.#at += 9;
    if (bytes.length >= OWN_SEGMENT) {
      this.#endSegment();
      this.#segments.push(bytes);
      return;
    }
    this.#reserve(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The length in bytes, and the text. */
  #text(text: string): void {
    this.#reserve(4 + Math.min(text.length, OWN_SEGMENT) * MOST_BYTES_OF_A_UNIT);
    if (text.length > OWN_SEGMENT) {
      const bytes = textEncoder.encode(text);
      this.#view.setUint32(this.#at, bytes.length, true);
      this.#at += 4;
      this.#endSegment();
      this.#segments.push(bytes);
      return;
    }
    const start = this.#at + 4;
    const length = text.length < SHORT_TEXT && this.#ascii(text, start)
      ? text.length
      : textEncoder.encodeInto(text, this.#slab.subarray(start)).written;
    this.#view.setUint32(this.#at, length, true);
    this.#at = start + length;
  }

  /** Returns false if the text is not ASCII. */
  #ascii(text: string, start: number): boolean {
    const slab = this.#slab;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      slab[start + i] = code;
    }
    return true;
  }

  /** Makes room for so many bytes in one piece. */
  #reserve(length: number): void {
    if (this.#at + length <= this.#slab.length) return;
    this.#endSegment();
    this.#slab = new Uint8Array(Math.max(SLAB_LENGTH, length));
    this.#view = new DataView(this.#slab.buffer);
    this.#start = this.#at = 0;
  }

  #endSegment(): void {
    if (this.#at > this.#start) this.#segments.push(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }
}
