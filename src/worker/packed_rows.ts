/**
 * How rows travel between threads.
 *
 * A few values travel as they are. Many travel by column, packed into one array of numbers, a few
 * strings and one array of bytes, which all rows of a message share: to copy those takes a
 * fraction of the time that as many single values take, on both threads.
 *
 * @module
 */

/** From so many values on, packing them takes less time than it saves. */
const WORTH_PACKING = 64;

/**
 * The values of one column, in one letter: numbers, text or bytes in the stores of the message;
 * bigints and values of several types in an array of their own.
 */
export type ColumnKind = "n" | "t" | "b" | "o";

/** SQLite has no NaN, so that it may stand for NULL. */
export const NULL_NUMBER: number = NaN;

/** The length of a NULL among text and bytes. */
export const NULL_LENGTH = -1;

/**
 * What the packed rows of a message share, column by column and row by row; the first three parts
 * of the message. `numbers` has the lengths of text and bytes too, where these belong. No text is
 * in two of the strings: one that does not fit into what is left begins the next.
 */
export type Stores = [
  numbers: Float64Array | undefined,
  texts: readonly string[],
  bytes: Uint8Array | undefined,
];

/**
 * A string of texts is about so long at most. V8 makes a part of a string by reference: one short
 * text that somebody keeps must not keep all that has travelled with it.
 */
export const MOST_TEXT = 16_384;

/**
 * Whether rows travel as single values.
 *
 * @param count The number of rows.
 * @param width The number of columns.
 */
export function areLoose(count: number, width: number): boolean {
  return count * width < WORTH_PACKING;
}
