/**
 * Statements of node:sqlite.
 *
 * @module
 */

import type { ColumnDescription, Row, SQLiteValue } from "../../src/sqlite/types.ts";
import { setColumn } from "../../src/sqlite/rows.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import type { Changes, SyncCursor, SyncStatement } from "../../src/driver/sync_handle.ts";
import { describeColumns } from "../native_columns.ts";
import { asInteger } from "../native_values.ts";
import type { NodeSqliteStatement } from "./handle.ts";
import { CheckedStatement } from "./checked_cursor.ts";
import type { Traits } from "./quirks.ts";
import type { UserFunctions } from "./user_functions.ts";

/** What only newer versions have. */
interface NewStatement extends NodeSqliteStatement {
  stat?(name: string): number;
  close?(): void;
}

/** How a statement has to be treated. */
export interface Treatment extends Traits {
  /** Whether nothing but to read the columns again tells whether they have changed. */
  readonly uncertain: boolean;
  /** Whether it is prepared anew for each use, with the schema that is valid then. */
  readonly once: boolean;
  /** Whether its functions may throw, which `all` cannot stand everywhere. */
  readonly functions: UserFunctions;
  /** Prepares another statement on the same handle. */
  prepare(sql: string): NodeSqliteStatement;
}

/** A statement of node:sqlite. */
export class NodeStatement implements SyncStatement {
  readonly once: boolean;
  #raw: NewStatement;
  readonly #prepareAgain: () => NewStatement;
  readonly #parameters: readonly string[];
  readonly #named: boolean;
  readonly #checked: CheckedStatement | undefined;
  readonly #uncertain: boolean;
  readonly #functions: UserFunctions;
  readonly #isSelect: boolean;
  /** Read after the last execution, and not yet asked for. */
  #columns: readonly string[] | undefined;
  #reprepares = 0;
  #exact = false;
  #arrays = true;

  /**
   * @param raw The driver's own statement.
   * @param statement What its text tells.
   * @param treatment What the version of the driver asks for.
   */
  constructor(raw: NewStatement, statement: Statement, treatment: Treatment) {
    const { parameters } = statement;
    this.once = treatment.once;
    this.#raw = raw;
    this.#prepareAgain = () => treatment.prepare(statement.text);
    this.#parameters = parameters;
    this.#named = parameters.some(isNamed);
    this.#checked = treatment.iteratorsThrow
      ? undefined
      : new CheckedStatement(statement.text, this.#named, treatment.prepare);
    this.#uncertain = treatment.uncertain;
    this.#functions = treatment.functions;
    this.#isSelect = statement.verb === "select";
    this.#applySettings();
  }

  columns(): readonly string[] {
    const columns = this.#columns ?? this.#readColumns();
    this.#columns = undefined;
    return columns;
  }

  describe(): ColumnDescription[] {
    return describeColumns(this.#raw.columns());
  }

  mayHaveNewColumns(): boolean {
    if (this.#raw.stat === undefined) return true;
    const reprepares = this.#raw.stat("reprepare");
    const changed = reprepares !== this.#reprepares;
    this.#reprepares = reprepares;
    return changed;
  }

  all(values: SQLiteValue[], exact: boolean): SQLiteValue[][] {
    if (this.#functions.present) return this.#allOneByOne(values);
    const args = this.#prepareFor(values, exact);
    this.#columns = undefined;
    try {
      const rows = this.#raw.all(...args) as SQLiteValue[][];
      if (!this.#uncertain || rows.length === 0) return rows;
      this.#columns = this.#readColumns();
      // Node 22 and Deno count the columns before SQLite notices that there are others now.
      const counted = rows[0].length === this.#columns.length || this.once;
      return counted ? rows : this.#raw.all(...args) as SQLiteValue[][];
    } catch (error) {
      if (exact || !isOutOfRange(error)) throw error;
      return this.all(values, true);
    }
  }

  first(values: SQLiteValue[], exact: boolean): SQLiteValue[] | undefined {
    const args = this.#prepareFor(values, exact);
    try {
      return this.#raw.get(...args) as SQLiteValue[] | undefined;
    } catch (error) {
      if (exact || !isOutOfRange(error)) throw error;
      return this.first(values, true);
    }
  }

  objects(values: SQLiteValue[], exact: boolean, firstRowOnly: boolean): Row[] | undefined {
    // An object costs less than to read the columns, which it brings along.
    if (!this.#uncertain || !firstRowOnly) return undefined;
    const args = this.#prepareFor(values, exact, false);
    try {
      const row = this.#raw.get(...args) as Row | undefined;
      return row === undefined ? [] : [plainObject(row)];
    } catch (error) {
      if (exact || !isOutOfRange(error)) throw error;
      return undefined;
    }
  }

  run(values: SQLiteValue[]): Changes {
    const { changes, lastInsertRowid } = this.#raw.run(...this.#prepareFor(values, true));
    return { changes: Number(changes), lastInsertRowid };
  }

  iterate(values: SQLiteValue[]): SyncCursor {
    return this.#start(this.#prepareFor(values, true), () => this.all(values, true));
  }

  /** `readAll` reads them all at once where they cannot be had one by one. */
  #start(args: unknown[], readAll: () => SQLiteValue[][]): SyncCursor {
    if (this.#checked === undefined) {
      return new NodeCursor(this.#raw.iterate(...args) as Iterator<SQLiteValue[]>);
    }
    this.#columns = undefined;
    return this.#checked.iterate(args, readAll, (names) => {
      if (this.#uncertain) this.#columns = names;
    });
  }

  /** All rows where `all` itself may never return. */
  #allOneByOne(values: SQLiteValue[]): SQLiteValue[][] {
    const args = this.#prepareFor(values, true);
    if (!this.#isSelect) return this.#iterateAll(args);
    const cursor = this.#start(args, () => this.#raw.all(...args) as SQLiteValue[][]);
    const rows: SQLiteValue[][] = [];
    for (let row = cursor.next(); row !== undefined; row = cursor.next()) rows.push(row);
    return rows;
  }

  #iterateAll(args: unknown[]): SQLiteValue[][] {
    try {
      const rows = [...this.#raw.iterate(...args) as unknown as Iterable<SQLiteValue[]>];
      // No rows may be a failure that the iterator swallows. `get` tells, and where nothing has
      // failed, what gives no rows changes none.
      if (rows.length === 0) this.#raw.get(...args);
      return rows;
    } catch (error) {
      // It is not reset: its next use would fail, without a message.
      this.#raw = this.#prepareAgain();
      this.#applySettings();
      throw error;
    }
  }

  finalize(): void {
    try {
      this.#raw.close?.();
    } catch {
      // Whoever closed the handle itself has finalized its statements too.
    }
  }

  #readColumns(): string[] {
    return this.#raw.columns().map(({ name }) => name);
  }

  #applySettings(): void {
    this.#raw.setReturnArrays!(this.#arrays);
    this.#raw.setReadBigInts(this.#exact);
    // Two names that differ in their prefix only would be an error.
    if (this.#named) this.#raw.setAllowBareNamedParameters(false);
  }

  /** Sets how integers and rows come out, and makes arguments of values. */
  #prepareFor(values: SQLiteValue[], exact: boolean, arrays = true): unknown[] {
    if (exact !== this.#exact) {
      this.#exact = exact;
      this.#raw.setReadBigInts(exact);
    }
    if (arrays !== this.#arrays) {
      this.#arrays = arrays;
      this.#raw.setReturnArrays!(arrays);
    }
    for (let i = 0; i < values.length; i++) values[i] = asInteger(values[i]);
    return this.#named ? this.#nameThem(values) : values;
  }

  /** Named parameters cannot be bound by their index here, and all others only so. */
  #nameThem(values: SQLiteValue[]): unknown[] {
    const byName: Record<string, SQLiteValue> = {};
    const args: unknown[] = [byName];
    values.forEach((value, index) => {
      const parameter = this.#parameters[index];
      if (isNamed(parameter)) byName[parameter] = value;
      else args.push(value);
    });
    return args;
  }
}

class NodeCursor implements SyncCursor {
  readonly #rows: Iterator<SQLiteValue[]>;

  constructor(rows: Iterator<SQLiteValue[]>) {
    this.#rows = rows;
  }

  next(): SQLiteValue[] | undefined {
    const { done, value } = this.#rows.next();
    return done ? undefined : value;
  }

  close(): void {
    this.#rows.return?.();
  }
}

/** Whether an integer would not have been exact as a number. */
function isOutOfRange(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ERR_OUT_OF_RANGE";
}

function plainObject(row: Row): Row {
  const copy: Row = {};
  for (const name of Object.keys(row)) setColumn(copy, name, row[name]);
  return copy;
}

function isNamed(parameter: string): boolean {
  return !parameter.startsWith("?");
}
