/**
 * Connections that somebody else wrote: any object with `execute`, `rollback` and `close`.
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
import { scanStatement, splitScript } from "../sqlite/scan.ts";

/** What such an object may have besides; what is there is used. */
interface Extras {
  readonly inTransaction?: unknown;
  iterate?<R>(sql: string, params?: BindParams): AsyncIterable<R> | Iterable<R>;
  executeScript?(sql: string): Promise<unknown>;
}

/** Makes a connection of an object with three methods, which closes it. */
export function adaptThreeMethods(raw: AsyncConnection): DriverConnection {
  return new ThreeMethodConnection(raw);
}

/** Gives an object with three methods what a lease builds on. */
export class ThreeMethodConnection implements DriverConnection {
  readonly raw: AsyncConnection & Extras;
  readonly inTransactionIsCertain: boolean;
  /** Told from the statements that went through, where the object itself does not tell. */
  #seenBegin = false;
  #closed: Promise<void> | undefined;

  /** @param raw the object; the connection closes it. */
  constructor(raw: AsyncConnection) {
    this.raw = raw;
    this.inTransactionIsCertain = typeof this.raw.inTransaction === "boolean";
  }

  get inTransaction(): boolean {
    const { inTransaction } = this.raw;
    return typeof inTransaction === "boolean" ? inTransaction : this.#seenBegin;
  }

  async execute<R = Row>(
    sql: string,
    params?: BindParams,
    options?: RowOptions<R>,
  ): Promise<ResultSet<R>> {
    const result: unknown = await this.raw.execute<Row>(sql, params);
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
      await this.raw.executeScript(sql);
      for (const { text } of splitScript(sql)) this.#note(text);
    } else {
      for (const { text } of splitScript(sql)) await this.execute(text);
    }
  }

  async rollback(): Promise<void> {
    await this.raw.rollback();
    this.#seenBegin = false;
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.raw.close();
  }

  #note(sql: string): void {
    if (this.inTransactionIsCertain) return;
    const verb = scanStatement(sql)?.verb;
    if (verb === "begin" || verb === "savepoint") this.#seenBegin = true;
    else if (verb === "commit" || verb === "rollback") this.#seenBegin = false;
  }
}

/** Fills in what a result leaves out. */
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
