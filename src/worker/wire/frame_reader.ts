/**
 * Reads frames from chunks of bytes.
 *
 * @module
 */

import { HEADER_LENGTH, kind, tag } from "./frame_format.ts";
import type { WirePart } from "./wire.ts";

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
    const decoder = new Decoder(bytes);
    this.#onMessage(this.#head[6] === kind.object ? JSON.parse(decoder.text()) : decoder.parts());
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
