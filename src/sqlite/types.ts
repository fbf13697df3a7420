/**
 * The values, parameters, rows and results that every layer above the pool speaks of.
 *
 * @module
 */

/** A value SQLite stores, as it comes out of a row. Blobs are always `Uint8Array`. */
export type SQLiteValue = null | number | bigint | string | Uint8Array;

/**
 * A value that may be bound to a parameter. Booleans are stored as 0 and 1, whole numbers as
 * INTEGER, other numbers as REAL, `ArrayBuffer` and its views as BLOB.
 */
export type BindValue = SQLiteValue | boolean | ArrayBuffer | ArrayBufferView;

/** Parameters by position, or by name with or without the prefix (`:id`, `@id`, `$id`, `id`). */
export type BindParams =
  | readonly BindValue[]
  | Readonly<Record<string, BindValue>>
  | NamedParams;

/**
 * Parameters by name whose type is an `interface`, which is no `Record`. Lists, dates, buffers,
 * promises and functions have one of these symbols. Values that SQLite cannot store are refused
 * where they are written, and otherwise when the statement runs.
 */
export type NamedParams = object & {
  /** Lists, maps and sets have it. */
  readonly [Symbol.iterator]?: never;
  /** Dates have it. */
  readonly [Symbol.toPrimitive]?: never;
  /** Buffers and promises have it. */
  readonly [Symbol.toStringTag]?: never;
  /** Functions have it. */
  readonly [Symbol.hasInstance]?: never;
};

/** A row as a plain object. Where two columns share a name, the last one wins. */
export type Row = Record<string, SQLiteValue>;

/**
 * Makes a row from the values of one row and the names of its columns.
 * `columns` is shared between rows: read it, do not change it.
 */
export type RowFactory<R> = (values: SQLiteValue[], columns: readonly string[]) => R;

/** What one statement gave back. */
export interface ResultSet<R = Row> {
  /** Column names in order, duplicates included; empty for a statement without rows. */
  columns: string[];
  /** The rows; empty for a statement without rows. */
  rows: R[];
  /** Rows inserted, updated or deleted by this statement; 0 for every other statement. */
  rowsAffected: number;
  /**
   * The rowid of the last row that this statement inserted; `undefined` where it inserted none
   * (an upsert that updated, say), and for a table WITHOUT ROWID.
   */
  lastInsertRowid: number | bigint | undefined;
  /**
   * The declared type of each column, `undefined` for an expression; only when it was asked for with
   * the option `columnTypes`.
   */
  columnTypes?: (string | undefined)[];
}

/** A result column of a statement. */
export interface ColumnDescription {
  /** Its name in the result. */
  readonly name: string;
  /** The type in its table's definition; `undefined` for an expression. */
  readonly declaredType: string | undefined;
  /** Its table; `undefined` for an expression, and where the driver does not tell. */
  readonly table: string | undefined;
  /** Its name in that table; `undefined` where there is no table. */
  readonly origin: string | undefined;
}

/** What a statement is, told without running it. */
export interface StatementDescription {
  /** Whether it only reads, so that a connection that cannot write can run it. */
  readonly readonly: boolean;
  /** Its result columns; none for a statement without rows. */
  readonly columns: readonly ColumnDescription[];
  /** Its parameters by their index, each `?`, `?5`, or a name with its prefix, such as `:id`. */
  readonly parameters: readonly string[];
}

/** How the rows of one call are made. */
export interface RowOptions<R> {
  /** Makes each row; plain objects without it. */
  rowFactory?: RowFactory<R>;
  /** Stop after the first row. */
  firstRowOnly?: boolean;
}
