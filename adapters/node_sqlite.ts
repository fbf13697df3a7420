/**
 * The driver `node:sqlite`, built into Node, Deno and Bun.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { adaptNodeSqlite } from "@sqlitepool/pool/node-sqlite";
 *
 * const conn = adaptNodeSqlite(new DatabaseSync("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT * FROM users WHERE id = ?", [1]);
 * await conn.close();
 * ```
 *
 * @module
 */

import type { SQLiteValue } from "../src/sqlite/protocol.ts";
import { resultCode } from "../src/sqlite/result_codes.ts";
import type { Statement } from "../src/sqlite/scan.ts";
import { SyncConnection, type SyncConnectionOptions } from "../src/sqlite/sync_connection.ts";
import {
  type Changes,
  cursorOver,
  type SyncCursor,
  type SyncHandle,
  type SyncStatement,
} from "../src/sqlite/sync_handle.ts";
import type { NulText } from "../src/sqlite/values.ts";
import { brandOf, hasMethods } from "./shape.ts";

/** What is used of a `StatementSync` of node:sqlite. */
export interface NodeSqliteStatement {
  /** Runs to the end and returns all rows. */
  all(...params: unknown[]): unknown[];
  /** Runs up to the first row. */
  get(...params: unknown[]): unknown;
  /** Runs to the end and returns what changed. */
  run(...params: unknown[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  /** Runs row by row. */
  iterate(...params: unknown[]): Iterator<unknown>;
  /** Describes the result columns. */
  columns(): { readonly name: string }[];
  /** Whether rows come as arrays. */
  setReturnArrays(enabled: boolean): void;
  /** Whether integers come as bigints. */
  setReadBigInts(enabled: boolean): void;
  /** Whether parameters may be named without their prefix. */
  setAllowBareNamedParameters(enabled: boolean): void;
}

/** What is used of a `DatabaseSync` of node:sqlite. */
export interface NodeSqliteHandle {
  /** Whether the database is open. */
  readonly isOpen: boolean;
  /** Whether a transaction is open. */
  readonly isTransaction: boolean;
  /** Prepares a statement. */
  prepare(sql: string): NodeSqliteStatement;
  /** Closes the database. */
  close(): void;
}

/** What only newer versions have. */
interface NewStatement extends NodeSqliteStatement {
  stat?(name: string): number;
  close?(): void;
}

/** What the versions and runtimes do differently, found out by trying. */
interface Traits {
  readonly nulText: NulText;
  /** Whether an iterator throws when its statement fails: else it ends as if after the last row. */
  readonly iteratorsThrow: boolean;
}

const traitsByPrototype = new WeakMap<object, Traits>();
const cautiousTraits: Traits = { nulText: "refused", iteratorsThrow: false };

/**
 * Whether something is a handle of node:sqlite, of whatever version, runtime or realm.
 *
 * @param value Anything.
 */
export function isNodeSqliteHandle(value: unknown): value is NodeSqliteHandle {
  return brandOf(value) === "node:sqlite" && hasMethods(value, ["prepare", "exec", "close"]);
}

/**
 * Makes a connection of a handle of node:sqlite.
 *
 * @param handle An open `DatabaseSync`. The connection closes it.
 * @param options How the connection behaves.
 * @throws {TypeError | RangeError} An option is not one of the allowed values.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { adaptNodeSqlite } from "@sqlitepool/pool/node-sqlite";
 *
 * const conn = adaptNodeSqlite(new DatabaseSync(":memory:"));
 * await conn.execute("SELECT 1");
 * ```
 */
export function adaptNodeSqlite(
  handle: NodeSqliteHandle,
  options: SyncConnectionOptions = {},
): SyncConnection {
  return new SyncConnection(new NodeHandle(handle), options);
}

class NodeHandle implements SyncHandle {
  readonly raw: NodeSqliteHandle;
  readonly nulText: NulText;
  readonly #traits: Traits;

  constructor(raw: NodeSqliteHandle) {
    this.raw = raw;
    this.#traits = traitsOf(raw);
    this.nulText = this.#traits.nulText;
  }

  get inTransaction(): boolean {
    return this.raw.isTransaction;
  }

  prepare(statement: Statement): SyncStatement {
    const raw = this.raw.prepare(statement.text);
    return new NodeStatement(raw, statement, this.#traits);
  }

  close(): void {
    if (this.raw.isOpen) this.raw.close();
  }

  resultCodeOf(error: unknown): number | undefined {
    const { errcode, code } = error as { errcode?: unknown; code?: unknown };
    if (typeof errcode === "number") return errcode;
    return code === "ERR_INVALID_STATE" ? resultCode.MISUSE : undefined;
  }
}

class NodeStatement implements SyncStatement {
  readonly #raw: NewStatement;
  readonly #parameters: readonly string[];
  readonly #named: boolean;
  readonly #openColumns: boolean;
  readonly #iteratorsThrow: boolean;
  #columns: readonly string[] | undefined;
  #reprepares = 0;
  #exact = false;

  constructor(raw: NewStatement, { parameters, openColumns }: Statement, traits: Traits) {
    this.#raw = raw;
    this.#parameters = parameters;
    this.#named = parameters.some(isNamed);
    this.#openColumns = openColumns;
    this.#iteratorsThrow = traits.iteratorsThrow;
    raw.setReturnArrays(true);
    raw.setReadBigInts(this.#exact);
    // Two names that differ in their prefix only would be an error.
    if (this.#named) raw.setAllowBareNamedParameters(false);
  }

  columns(refresh: boolean = false): readonly string[] {
    if (this.#columns === undefined || this.#mayHaveChanged() || refresh) {
      this.#columns = this.#raw.columns().map(({ name }) => name);
    }
    return this.#columns;
  }

  all(values: SQLiteValue[], exact: boolean): SQLiteValue[][] {
    const args = this.#prepareFor(values, exact);
    try {
      return this.#raw.all(...args) as SQLiteValue[][];
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

  run(values: SQLiteValue[]): Changes {
    const { changes, lastInsertRowid } = this.#raw.run(...this.#prepareFor(values, true));
    return { changes: Number(changes), lastInsertRowid };
  }

  iterate(values: SQLiteValue[]): SyncCursor {
    if (!this.#iteratorsThrow) return cursorOver(this.all(values, true));
    const rows = this.#raw.iterate(...this.#prepareFor(values, true)) as Iterator<SQLiteValue[]>;
    return new NodeCursor(rows);
  }

  finalize(): void {
    try {
      this.#raw.close?.();
    } catch {
      // Whoever closed the handle itself has finalized its statements too.
    }
  }

  /** Reading the names takes as long as half a query, and they hardly ever change. */
  #mayHaveChanged(): boolean {
    if (!this.#openColumns || this.#raw.stat === undefined) return this.#openColumns;
    const reprepares = this.#raw.stat("reprepare");
    const changed = reprepares !== this.#reprepares;
    this.#reprepares = reprepares;
    return changed;
  }

  /** Sets how integers come out, and makes arguments of values. */
  #prepareFor(values: SQLiteValue[], exact: boolean): unknown[] {
    if (exact !== this.#exact) {
      this.#exact = exact;
      this.#raw.setReadBigInts(exact);
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

/** Numbers are bound as REAL, bigints as INTEGER. Only REAL has a negative zero. */
function asInteger(value: SQLiteValue): SQLiteValue {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value as number) : value;
}

/** Whether an integer would not have been exact as a number. */
function isOutOfRange(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ERR_OUT_OF_RANGE";
}

function isNamed(parameter: string): boolean {
  return !parameter.startsWith("?");
}

function traitsOf(handle: NodeSqliteHandle): Traits {
  const prototype: object = Object.getPrototypeOf(handle);
  let traits = traitsByPrototype.get(prototype);
  if (traits === undefined) {
    try {
      traits = {
        nulText: keepsNul(handle) ? "allowed" : "refused",
        iteratorsThrow: iteratorsThrow(handle),
      };
    } catch {
      // Not the version but this handle has a fault, which the first statement will tell of.
      return cautiousTraits;
    }
    traitsByPrototype.set(prototype, traits);
  }
  return traits;
}

function keepsNul(handle: NodeSqliteHandle): boolean {
  const statement = handle.prepare("SELECT ?");
  statement.setReturnArrays(true);
  const [text] = statement.get("a\0b") as [string];
  return text === "a\0b";
}

function iteratorsThrow(handle: NodeSqliteHandle): boolean {
  const overflow = handle.prepare("SELECT abs(-9223372036854775808)").iterate();
  try {
    overflow.next();
    return false;
  } catch {
    return true;
  }
}
