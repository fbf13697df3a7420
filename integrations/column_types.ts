/**
 * The declared types of columns, which some tools want with every result.
 *
 * @module
 */

import type { StatementDescription } from "../mod.ts";
import { classify } from "../src/sqlite/classify.ts";
import { TextCache } from "../src/sqlite/text_cache.ts";

/** What can tell what a statement is: a database, or a connection in a transaction. */
export interface Describer {
  describe(sql: string): Promise<StatementDescription>;
}

/** Asks once for each text, until the schema changes. */
export class ColumnTypes {
  readonly #known = new TextCache<readonly string[]>();

  /** To be called with every statement: it may change the schema. */
  note(sql: string): void {
    const { reads, writes } = classify(sql);
    if (!reads && !writes) this.forget();
  }

  /** The schema may have changed. */
  forget(): void {
    this.#known.clear();
  }

  /** The types of a result's columns; empty where there is none, or the driver cannot tell. */
  async of(describer: Describer, sql: string, columns: readonly string[]): Promise<string[]> {
    if (columns.length === 0) return [];
    const known = this.#known.get(sql);
    // Somebody else may have added a column.
    if (known?.length === columns.length) return [...known];
    const types = await declaredTypes(describer, sql);
    if (types?.length !== columns.length) return columns.map(() => "");
    this.#known.set(sql, types);
    return [...types];
  }
}

async function declaredTypes(describer: Describer, sql: string): Promise<string[] | undefined> {
  try {
    const { columns } = await describer.describe(sql);
    return columns.map(({ declaredType = "" }) => declaredType);
  } catch {
    // The statement has run: that its types are not known is no reason to fail.
    return undefined;
  }
}
