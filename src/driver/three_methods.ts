/**
 * User-defined connections: any object with `execute`, `rollback` and `close`.
 *
 * @module
 */

import type {
  BindParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
} from "../sqlite/types.ts";
import type { AsyncConnection, DriverConnection } from "./connection.ts";
import { scanStatement, splitScript, type Statement } from "../sqlite/scan.ts";

/** Optional members of such an object, which are used if present. */
interface Extras {
  readonly inTransaction?: unknown;
  iterate?<R>(sql: string, params?: BindParams): AsyncIterable<R> | Iterable<R>;
  executeScript?(sql: string): Promise<unknown>;
}

/** Creates a connection that owns an object with three methods and closes it. */
export function adaptThreeMethods(raw: AsyncConnection): DriverConnection {
  return new ThreeMethodConnection(raw);
}

/** Adds to an object with three methods what leases build on. */
export class ThreeMethodConnection implements DriverConnection {
  readonly raw: AsyncConnection & Extras;
  readonly inTransactionIsCertain: boolean;
  /** Derived from the statements that succeeded, if the object does not report it. */
  readonly #seen = new SeenTransaction();
  #closed: Promise<void> | undefined;

  /** @param raw the object; the connection closes it. */
  constructor(raw: AsyncConnection) {
    this.raw = raw;
    this.inTransactionIsCertain = typeof this.raw.inTransaction === "boolean";
  }

  get inTransaction(): boolean {
    const { inTransaction } = this.raw;
    return typeof inTransaction === "boolean" ? inTransaction : this.#seen.open;
  }

  async execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    let result: unknown;
    try {
      result = await this.raw.execute<Row>(sql, params);
    } catch (error) {
      await this.#noteFailure();
      throw error;
    }
    this.#note(sql);
    return complete(result, options);
  }

  async *iterate<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): AsyncIterableIterator<R> {
    if (typeof this.raw.iterate !== "function") {
      yield* (await this.execute(sql, params, options)).rows;
      return;
    }
    for await (const row of this.raw.iterate<Row>(sql, params)) {
      yield makeRow(row, Object.keys(row), options?.rowFactory);
      if (options?.firstRowOnly === true) return;
    }
  }

  async executeScript(sql: string): Promise<void> {
    if (typeof this.raw.executeScript === "function") {
      try {
        await this.raw.executeScript(sql);
      } catch (error) {
        await this.#noteFailure();
        throw error;
      }
      for (const { text } of splitScript(sql)) this.#note(text);
    } else {
      for (const { text } of splitScript(sql)) await this.execute(text);
    }
  }

  async rollback(): Promise<void> {
    await this.raw.rollback();
    this.#seen.end();
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.raw.close();
  }

  #note(sql: string): void {
    if (this.inTransactionIsCertain) return;
    const statement = scanStatement(sql);
    if (statement !== undefined) this.#seen.note(statement);
  }

  /** Some failures end the transaction, and only a BEGIN shows whether this one did. */
  async #noteFailure(): Promise<void> {
    if (this.inTransactionIsCertain || !this.#seen.open) return;
    try {
      await this.raw.execute("BEGIN");
      await this.rollback();
    } catch {
      // A transaction is open, the old one or the new one. The caller gets the error of its
      // statement.
    }
  }
}

/** Tracks whether a transaction is open, from the statements that succeeded. */
class SeenTransaction {
  #begun = false;
  /** The names of the open savepoints, outermost first. */
  #savepoints: string[] = [];

  get open(): boolean {
    return this.#begun || this.#savepoints.length > 0;
  }

  note({ verb, text }: Statement): void {
    if (verb === "begin") this.#begun = true;
    else if (verb === "commit" || verb === "rollback") this.end();
    else if (verb === "savepoint") this.#savepoints.push(lastName(text));
    else if (verb === "release") this.#savepoints.length = this.#innermost(text);
    else if (verb === "rollback to") this.#savepoints.length = this.#innermost(text) + 1;
  }

  end(): void {
    this.#begun = false;
    this.#savepoints = [];
  }

  /** The index of the named savepoint, which exists because the statement succeeded. */
  #innermost(text: string): number {
    return Math.max(0, this.#savepoints.lastIndexOf(lastName(text)));
  }
}

/** The name at the end of a statement, normalized. */
function lastName(text: string): string {
  const [name = ""] = /("[^"]*"|`[^`]*`|\[[^\]]*\]|'[^']*'|[^\s"'`[\]]+)$/.exec(text) ?? [];
  const bare = /^["'`[]/.test(name) ? name.slice(1, -1) : name;
  return bare.toLowerCase();
}

/** Fills in missing fields of a result. */
function complete<R>(result: unknown, options: RowOptions<R> | undefined): ResultSet<R> {
  const given = (result ?? {}) as Partial<ResultSet<Row>>;
  const rows = Array.isArray(given.rows) ? given.rows : [];
  const columns = given.columns ?? Object.keys(rows[0] ?? {});
  const wanted = options?.firstRowOnly === true ? rows.slice(0, 1) : rows;
  return {
    columns,
    rows: wanted.map((row) => makeRow(row, columns, options?.rowFactory)),
    rowsAffected: given.rowsAffected ?? 0,
    lastInsertRowid: given.lastInsertRowid,
  };
}

function makeRow<R>(
  row: Row,
  columns: readonly string[],
  rowFactory: RowFactory<R> | undefined,
): R {
  if (rowFactory === undefined) return row as R;
  const values = columns.map((name): SQLiteValue => row[name]);
  return rowFactory(values, columns);
}
