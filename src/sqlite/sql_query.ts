/**
 * SQL text with its values.
 *
 * @module
 */

import type { BindValue } from "./types.ts";

/**
 * SQL text with the values of its parameters, as created by `sql`.
 *
 * Converted to a string, to JSON or logged, it shows only its text, never a value.
 */
export class SqlQuery {
  /** The text, with a `?` for each value. */
  readonly text: string;
  readonly #values: readonly BindValue[];

  /**
   * Creates a query from unchecked parts; `sql` is the safe way.
   *
   * @param text SQL text with a `?` for each value.
   * @param values The values, in the order of the text.
   */
  constructor(text: string, values: readonly BindValue[]) {
    this.text = text;
    this.#values = values;
  }

  /** The values, in the order of the text. */
  get values(): readonly BindValue[] {
    return this.#values;
  }

  /** Returns the text. */
  toString(): string {
    return this.text;
  }

  /** Returns the text. */
  toJSON(): string {
    return this.text;
  }
}
