/**
 * Results and chunks, from the replies that carry them.
 *
 * @module
 */

import type { ResultSet, RowFactory } from "../sqlite/types.ts";
import { makeRows } from "./decode_rows.ts";
import type { ReplyReader } from "./reply_reader.ts";
import type { Chunk } from "./worker_cursor.ts";

/** Something whose columns the thread tells when they are new. */
export interface HasColumns {
  /** As they were last told. */
  columns: readonly string[];
}

/**
 * Reads the result of a statement.
 *
 * @param reader where it comes next.
 * @param statement what gave it.
 * @param rowFactory makes each row; plain objects without it.
 */
export function readResult<R>(
  reader: ReplyReader,
  statement: HasColumns,
  rowFactory: RowFactory<R> | undefined,
): ResultSet<R> {
  noteColumns(reader, statement);
  const rowsAffected = reader.next<number>();
  const lastInsertRowid = reader.next<number | bigint | undefined>();
  const rows = makeRows(reader, statement.columns, rowFactory);
  return { columns: statement.columns.slice(), rows, rowsAffected, lastInsertRowid };
}

/**
 * Reads some rows of a cursor.
 *
 * @param reader where they come next.
 * @param cursor what gave them.
 * @param rowFactory makes each row; plain objects without it.
 */
export function readChunk<R>(
  reader: ReplyReader,
  cursor: HasColumns,
  rowFactory: RowFactory<R> | undefined,
): Chunk<R> {
  noteColumns(reader, cursor);
  const ended = reader.next<number>() === 1;
  return { ended, rows: makeRows(reader, cursor.columns, rowFactory) };
}

function noteColumns(reader: ReplyReader, owner: HasColumns): void {
  const news = reader.next<string[] | undefined>();
  if (news !== undefined) owner.columns = news;
}
