/**
 * Copies a database while it is in use.
 *
 * @module
 */

import { SQLitePoolError } from "../pool/errors.ts";
import { describeValue } from "../pool/options.ts";
import type { SQLiteConnectionPool } from "./connection_pool.ts";
import type { BackupOptions } from "./database.ts";
import { fileStatus } from "./runtime_modules.ts";

/**
 * Writes one snapshot into a new file. VACUUM INTO leaves free pages out, so that the copy may
 * be smaller than its original.
 */
export async function backUp<R>(
  readers: SQLiteConnectionPool<R>,
  path: string,
  { onProgress }: BackupOptions,
): Promise<void> {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new TypeError(`backup needs the path of a new file; got ${describeValue(path)}`);
  }
  if (fileStatus(path) !== undefined) {
    throw new SQLitePoolError(
      `backup does not overwrite ${JSON.stringify(path)}: remove it first, or choose another name.`,
    );
  }
  await readers.withConnection(async (connection) => {
    // Writes to another file, which a connection that may only query refuses as well.
    await connection.execute("PRAGMA query_only = OFF");
    try {
      await connection.execute("VACUUM INTO ?", [path]);
    } finally {
      await connection.execute("PRAGMA query_only = ON");
    }
    const [[totalPages]] = await connection.values("PRAGMA page_count");
    onProgress?.({ totalPages: Number(totalPages), remainingPages: 0 });
  });
}
