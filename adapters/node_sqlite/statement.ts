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

/** Methods that only newer versions have. */
interface NewStatement extends NodeSqliteStatement {
  stat?(name: string): number;
  close?(): void;
}

/** How a statement must be handled. */
export interface Treatment extends Traits {
  /** Whether changed columns can only be detected by reading them again. */
  readonly uncertain: boolean;
  /** Whether it is prepared again for each use, under the current schema. */
  readonly once: boolean;
  /** Whether its user functions may throw, which hangs `all` on some runtimes. */
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
  /** The column names read after the last execution and not yet used. */
  #columns: readonly string[] | undefined;
  #reprepares = 0;
  #exact = false;
  #arrays = true;

  /**
   * @param raw The driver's own statement.
   * @param statement The parsed statement.
   * @param treatment How this version of the driver must be used.
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
      const rows = this.#all(args);
      if (!this.#uncertain || rows.length === 0) return rows;
      this.#columns = this.#readColumns();
      // Node 22 and Deno count the columns before SQLite notices a schema change.
      const counted = rows[0].length === this.#columns.length || this.once;
      return counted ? rows : this.#all(args);
    } catch (error) {
      if (exact || !isOutOfRange(error)) throw error;
      return this.all(values, true);
    }
  }

  first(values: SQLiteValue[], exact: boolean): SQLiteValue[] | undefined {
    const args = this.#prepareFor(values, exact);
    try {
      return this.#get(args) as SQLiteValue[] | undefined;
    } catch (error) {
      if (exact || !isOutOfRange(error)) throw error;
      return this.first(values, true);
    }
  }

  objects(values: SQLiteValue[], exact: boolean, firstRowOnly: boolean): Row[] | undefined {
    // Reading a row object, which includes its column names, is cheaper than reading the columns.
    if (!this.#uncertain || !firstRowOnly) return undefined;
    const args = this.#prepareFor(values, exact, false);
    try {
      const row = this.#get(args) as Row | undefined;
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

  /** `readAll` reads all rows at once if they cannot be read one by one. */
  #start(args: unknown[], readAll: () => SQLiteValue[][]): SyncCursor {
    if (this.#checked === undefined) {
      return new NodeCursor(this.#raw.iterate(...args) as Iterator<SQLiteValue[]>);
    }
    this.#columns = undefined;
    return this.#checked.iterate(args, readAll, (names) => {
      if (this.#uncertain) this.#columns = names;
    });
  }

  /** Reads all rows where `all` itself might never return. */
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
      // An empty result may be a failure that the iterator swallows, which `get` reports. If
      // nothing failed, running a statement without rows again changes nothing.
      if (rows.length === 0) this.#raw.get(...args);
      return rows;
    } catch (error) {
      // The statement is not reset, so its next use would fail without a message.
      this.#raw = this.#prepareAgain();
      this.#applySettings();
      throw error;
    }
  }

  finalize(): void {
    try {
      this.#raw.close?.();
    } catch {
      // Closing the handle itself has already finalized its statements.
    }
  }

  // V8 calls native functions faster with arguments it can count.

  #all(args: unknown[]): SQLiteValue[][] {
    const rows = args.length === 1 ? this.#raw.all(args[0]) : this.#raw.all(...args);
    return rows as SQLiteValue[][];
  }

  #get(args: unknown[]): unknown {
    return args.length === 1 ? this.#raw.get(args[0]) : this.#raw.get(...args);
  }

  #readColumns(): string[] {
    return this.#raw.columns().map(({ name }) => name);
  }

  #applySettings(): void {
    this.#raw.setReturnArrays!(this.#arrays);
    this.#raw.setReadBigInts(this.#exact);
    // Otherwise two names that differ only in their prefix would be an error.
    if (this.#named) this.#raw.setAllowBareNamedParameters(false);
  }

  /** Sets how integers and rows are returned, and converts values to arguments. */
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

  /** Here named parameters can only be bound by name, and all others only by index. */
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

/** Whether an integer did not fit a number exactly. */
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
