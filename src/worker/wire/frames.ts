/**
 * Messages as bytes, for pipes. Threads need none of this: their messages are cloned.
 *
 * A frame is the length of what follows and the message. Small values are written one after another
 * into a slab; large bytes are frames' own segments, which are never copied into it.
 *
 * @module
 */

import type { WirePart } from "./wire.ts";

/** The length of a message in 6 bytes, and what kind it is. */
const HEADER_LENGTH = 8;
const PARTS = 0;
/** An object, as the first messages are. */
const OBJECT = 1;

/** The first byte of a part. */
const tag = {
  undefined: 0,
  null: 1,
  int32: 2,
  float64: 3,
  int64: 4,
  text: 5,
  bytes: 6,
  array: 7,
  object: 8,
} as const;

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

/** What is used of `Buffer`, which decodes short text much faster than `TextDecoder`. */
interface Bytes extends Uint8Array<ArrayBuffer> {
  toString(encoding?: "utf8", start?: number, end?: number): string;
}

interface Globals {
  readonly Buffer: {
    from(buffer: ArrayBufferLike, offset: number, length: number): Bytes;
  };
}

const { Buffer } = globalThis as unknown as Globals;

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
    this.#reserve(HEADER_LENGTH);
    const [head, start] = [this.#view, this.#at];
    this.#start = start;
    this.#at += HEADER_LENGTH;
    try {
      if (Array.isArray(message)) { for (const part of message) this.#part(part); }
      else this.#text(JSON.stringify(message));
      this.#endSegment();
      const segments = this.#segments;
      const length = segments.reduce((sum, segment) => sum + segment.length, -HEADER_LENGTH);
      head.setUint32(start, length % 2 ** 32, true);
      head.setUint16(start + 4, Math.floor(length / 2 ** 32), true);
      head.setUint8(start + 6, Array.isArray(message) ? PARTS : OBJECT);
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

/** Reads frames from chunks of bytes, wherever they are cut. */
export class FrameReader {
  readonly #onMessage: (message: unknown) => void;
  readonly #head = new Uint8Array(HEADER_LENGTH);
  #headLength = 0;
  /** A frame of which only a part has arrived. */
  #partial: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @param onMessage Called with each message, whose parts are not shared with a chunk. */
  constructor(onMessage: (message: unknown) => void) {
    this.#onMessage = onMessage;
  }

  /**
   * Reads the messages that a chunk completes.
   *
   * @throws {RangeError} if the bytes are no frames.
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial !== undefined) {
        at += this.#fill(this.#partial, chunk.subarray(at));
        continue;
      }
      const missing = Math.min(HEADER_LENGTH - this.#headLength, chunk.length - at);
      this.#head.set(chunk.subarray(at, at + missing), this.#headLength);
      this.#headLength += missing;
      at += missing;
      if (this.#headLength < HEADER_LENGTH) return;
      this.#headLength = 0;
      const head = new DataView(this.#head.buffer);
      const length = head.getUint32(0, true) + head.getUint16(4, true) * 2 ** 32;
      if (chunk.length - at >= length) {
        this.#decode(chunk.subarray(at, at + length));
        at += length;
      } else {
        this.#partial = new Uint8Array(length);
        this.#filled = 0;
      }
    }
  }

  #fill(partial: Uint8Array<ArrayBuffer>, rest: Uint8Array): number {
    const taken = Math.min(partial.length - this.#filled, rest.length);
    partial.set(rest.subarray(0, taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === partial.length) {
      this.#partial = undefined;
      this.#decode(partial);
    }
    return taken;
  }

  #decode(bytes: Uint8Array): void {
    const kind = this.#head[6];
    const decoder = new Decoder(bytes);
    this.#onMessage(kind === OBJECT ? JSON.parse(decoder.text()) : decoder.parts());
  }
}

/** Reads the parts of one frame. */
class Decoder {
  readonly #bytes: Bytes;
  readonly #view: DataView;
  #at = 0;

  constructor({ buffer, byteOffset, length }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, length);
    this.#view = new DataView(buffer, byteOffset, length);
  }

  parts(): WirePart[] {
    const parts: WirePart[] = [];
    while (this.#at < this.#bytes.length) parts.push(this.#part());
    return parts;
  }

  text(): string {
    const start = this.#at + 4;
    const end = start + this.#view.getUint32(this.#at, true);
    if (end > this.#bytes.length) throw new RangeError("a text is longer than its frame");
    this.#at = end;
    return this.#bytes.toString("utf8", start, end);
  }

  #part(): WirePart {
    const at = this.#at;
    switch (this.#bytes[this.#at++]) {
      case tag.undefined:
        return undefined;
      case tag.null:
        return null;
      case tag.int32:
        this.#at += 4;
        return this.#view.getInt32(at + 1, true);
      case tag.float64:
        this.#at += 8;
        return this.#view.getFloat64(at + 1, true);
      case tag.int64:
        this.#at += 8;
        return this.#view.getBigInt64(at + 1, true);
      case tag.text:
        return this.text();
      case tag.bytes:
        return this.#copy();
      case tag.array:
        return this.#array();
      case tag.object:
        return JSON.parse(this.text());
    }
    throw new RangeError("a part has an unknown tag");
  }

  #copy(): ArrayBuffer {
    const start = this.#at + 8;
    const end = start + this.#view.getFloat64(this.#at, true);
    if (!(end <= this.#bytes.length)) throw new RangeError("bytes are longer than their frame");
    this.#at = end;
    const { buffer, byteOffset } = this.#bytes;
    return buffer.slice(byteOffset + start, byteOffset + end);
  }

  #array(): WirePart {
    const count = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    const values: WirePart[] = [];
    while (values.length < count) values.push(this.#part());
    return values as WirePart;
  }
}
