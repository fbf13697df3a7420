/**
 * Errors of the driver in the words of whoever opened the database.
 *
 * @module
 */

import { SQLiteError } from "../sqlite/errors.ts";
import { fileStatus } from "../platform/builtins.ts";

/** Readers cannot write; says who can. */
export function explainReaderError(error: unknown): unknown {
  if (!(error instanceof SQLiteError) || error.code !== "SQLITE_READONLY") return error;
  return new SQLiteError(
    `${error.message}: get, all, values, iterate and read run on a reader, which cannot write. ` +
      "Use db.run() or db.write().",
    error.rawCode,
    { cause: error },
  );
}

const CODES_OF_OPENING: readonly string[] = [
  "SQLITE_CANTOPEN",
  "SQLITE_NOTADB",
  "SQLITE_READONLY",
  "SQLITE_IOERR",
  "SQLITE_CORRUPT",
];

/** Adds to an error of opening what the driver does not say: which file, and what is wrong. */
export function explainOpenFailure(path: string, readonly: boolean, error: unknown): unknown {
  if (!(error instanceof SQLiteError)) return error;
  if (!CODES_OF_OPENING.includes(error.code)) return error;
  return new SQLiteError(
    `Cannot open ${JSON.stringify(path)}: ${reason(path, readonly, error)}`,
    error.rawCode,
    { cause: error },
  );
}

function reason(path: string, readonly: boolean, error: SQLiteError): string {
  if (error.code === "SQLITE_NOTADB") return "the file is not a SQLite database.";
  if (error.code !== "SQLITE_CANTOPEN") return error.message;
  const found = fileStatus(path);
  if (found?.isDirectory()) return "it is a directory. Name a file in it.";
  if (found !== undefined) return `${error.message}. Check the permissions of the file.`;
  const parent = /^(.*)[/\\][^/\\]*$/.exec(path)?.[1] ?? ".";
  if (parent !== "" && fileStatus(parent) === undefined) {
    return `the directory ${JSON.stringify(parent)} does not exist. Create it first.`;
  }
  if (readonly) return "the file does not exist, and a read-only database is not created.";
  return `${error.message}. The file does not exist; check that its directory may be written to.`;
}
