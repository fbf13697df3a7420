/**
 * Values, parameters, rows and results, shared by all layers above the pool.
 *
 * @module
 */

/** A value stored by SQLite, as returned in rows. Blobs are always `Uint8Array`. */
export type SQLiteValue = null | number | bigint | string | Uint8Array;

/**
 * A value that can be bound to a parameter. Booleans are stored as 0 and 1, integers as INTEGER,
 * other numbers as REAL, `ArrayBuffer` and its views as BLOB.
 */
export type BindValue = SQLiteValue | boolean | ArrayBuffer | ArrayBufferView;

/** Parameters by position, or by name with or without the prefix (`:id`, `@id`, `$id`, `id`). */
export type BindParams =
  | readonly BindValue[]
  | Readonly<Record<string, BindValue>>
  | NamedParams;

/**
 * Named parameters whose type is an `interface`, which is not assignable to a `Record`. Arrays,
 * dates, buffers, promises and functions are excluded by their symbols. Values that SQLite cannot
 * store are rejected by the compiler in literals, and otherwise when the statement runs.
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

/** A row as a plain object. If two columns share a name, the last one wins. */
export type Row = Record<string, SQLiteValue>;

/**
 * Creates a row from its values and column names. `columns` is shared between rows and must not be
 * modified.
 */
export type RowFactory<R> = (values: SQLiteValue[], columns: readonly string[]) => R;

/** The result of one statement. */
export interface ResultSet<R = Row> {
  /** Column names in order, including duplicates; empty for a statement without rows. */
  columns: string[];
  /** The rows; empty for a statement without rows. */
  rows: R[];
  /**
   * The number of rows inserted, updated or deleted by this statement; 0 for any other statement.
   */
  rowsAffected: number;
  /**
   * The rowid of the last row that this statement inserted; `undefined` if it inserted none, such
   * as an upsert that updated, and for a WITHOUT ROWID table.
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

/** How the rows of one call are created. */
export interface RowOptions<R> {
  /** Creates each row. Default: plain objects. */
  rowFactory?: RowFactory<R>;
  /** Stop after the first row. */
  firstRowOnly?: boolean;
}
