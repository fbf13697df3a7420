/**
 * SQL text that brings its values along.
 *
 * @module
 */

import type { BindValue } from "./types.ts";

/**
 * SQL text and the values that belong to its parameters: what `sql` makes.
 *
 * As a string, in JSON or on the console it shows its text only, never a value.
 */
export class SqlQuery {
  /** The text, with a `?` for each value. */
  readonly text: string;
  readonly #values: readonly BindValue[];

  /**
   * Makes a query of its parts, without looking at them: `sql` is the safe way.
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

  /** The text alone. */
  toString(): string {
    return this.text;
  }

  /** The text alone. */
  toJSON(): string {
    return this.text;
  }
}
