// Messages as bytes: they arrive as they were, however a pipe cuts them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameReader } from "../../src/worker/wire/frame_reader.ts";
import { FrameWriter } from "../../src/worker/wire/frame_writer.ts";

const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

const MESSAGES: readonly object[] = [
  { driver: "node:sqlite", path: "/tmp/ä.db", readonly: true },
  [],
  [0, -0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53, 1.5, NaN, Infinity, -Infinity],
  [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), null, undefined],
  ["", "a", "\0", "\ufeffmark", "ä".repeat(39), "😀".repeat(50), "x".repeat(100), "\u007f\u0080"],
  [bytes(), bytes(0, 255), bytes(...Array.from({ length: 300 }, (_, n) => n % 256))],
  [["id", "name"], [null, 1n, bytes(7), "t"], [], { name: "Error", fields: { code: 1 } }],
];

function write(messages: readonly object[]): Uint8Array {
  const writer = new FrameWriter();
  const segments = messages.flatMap((message) => [...writer.frame(message)]);
  const all = new Uint8Array(segments.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const segment of segments) {
    all.set(segment, at);
    at += segment.length;
  }
  return all;
}

function read(chunks: Iterable<Uint8Array>): unknown[] {
  const messages: unknown[] = [];
  const reader = new FrameReader((message) => messages.push(message));
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

function* cut(all: Uint8Array, length: number): Iterable<Uint8Array> {
  for (let at = 0; at < all.length; at += length) yield all.subarray(at, at + length);
}

test("every value arrives as it was, wherever the pipe cuts", () => {
  const all = write(MESSAGES);
  for (const length of [1, 2, 3, 7, 8, 9, 64, 1_000, all.length]) {
    assert.deepEqual(read(cut(all, length)), MESSAGES, `cut every ${length} bytes`);
  }
});

test("what is read shares no memory with the chunk", () => {
  const all = write([[bytes(1, 2, 3), "text"]]);
  const messages = read([all]);
  all.fill(0);
  assert.deepEqual(messages, [[bytes(1, 2, 3), "text"]]);
});

test("large bytes are not copied when they are written, and once when they are read", () => {
  const large = new Uint8Array(5_000_000).fill(7);
  const segments = new FrameWriter().frame([1, large.buffer, "end"]);
  assert.deepEqual(segments.map(({ buffer }) => buffer === large.buffer), [false, true, false]);
  const [message] = read(cut(write([[1, large.buffer, "end"]]), 65_536)) as [unknown[]];
  assert.deepEqual(message, [1, large.buffer, "end"]);
});

test("long text, and text that ends a slab, arrive whole", () => {
  const writer = new FrameWriter();
  for (const length of [16_384, 16_385, 65_536, 1_000_000]) {
    const message = ["ä😀".repeat(length / 4), length];
    assert.deepEqual(read(writer.frame(message)), [message]);
  }
  for (let n = 0; n < 200; n++) {
    const message = [String(n).repeat(400), n];
    assert.deepEqual(read(writer.frame(message)), [message]);
  }
});

test("a message that cannot be written leaves nothing behind", () => {
  const writer = new FrameWriter();
  const circle: Record<string, unknown> = {};
  circle.itself = circle;
  assert.throws(() => writer.frame([1, "begun", circle]), TypeError);
  assert.deepEqual(read(writer.frame([2])), [[2]]);
});

test("bytes that are no frame are refused", () => {
  const head = (length: number): number[] => [length, 0, 0, 0, 0, 0, 0, 0];
  const refused: Readonly<Record<string, readonly number[]>> = {
    "an unknown tag": [...head(1), 99],
    "a text beyond its frame": [...head(5), 5, 255, 0, 0, 0],
    "bytes beyond their frame": [...head(9), 6, 0, 0, 0, 0, 0, 0, 240, 127],
    "an array beyond its frame": [...head(5), 7, 2, 0, 0, 0],
    "a number beyond its frame": [...head(2), 2, 1],
  };
  for (const [what, frame] of Object.entries(refused)) {
    assert.throws(() => read([new Uint8Array(frame)]), RangeError, what);
  }
});
