/**
 * Messages as bytes, for pipes. Threads need none of this: their messages are cloned.
 *
 * A frame is a header and the message. Small values are written one after another into a slab;
 * large bytes are segments of their own, which are never copied.
 *
 * @module
 */

/** The length of the message in 6 bytes, and its kind. */
export const HEADER_LENGTH = 8;

/** The kinds of messages: parts, or an object, as the first messages are. */
export const kind = { parts: 0, object: 1 } as const;

/** The first byte of a part. */
export const tag = {
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
