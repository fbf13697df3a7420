/**
 * Errors as Prisma knows them.
 *
 * @module
 */

import { DriverAdapterError, type MappedError } from "@prisma/driver-adapter-utils";
import {
  PoolConnectionAcquireTimeoutError,
  QueryTimeoutError,
  SQLiteError,
  TransactionEndedError,
} from "../../mod.ts";

/** Settles as the promise does, with errors as Prisma knows them. */
export async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const mapped = mappedError(error);
    if (mapped === undefined) throw error;
    const originalCode = error instanceof SQLiteError ? error.extendedCode : undefined;
    const originalMessage = (error as Error).message;
    throw new DriverAdapterError({ originalCode, originalMessage, ...mapped });
  }
}

function mappedError(error: unknown): MappedError | undefined {
  if (error instanceof SQLiteError) return mappedSqliteError(error);
  if (error instanceof TransactionEndedError) {
    return { kind: "TransactionAlreadyClosed", cause: error.message };
  }
  if (error instanceof QueryTimeoutError) return { kind: "SocketTimeout" };
  if (error instanceof PoolConnectionAcquireTimeoutError) {
    return { kind: "TooManyConnections", cause: error.message };
  }
  return undefined;
}

function mappedSqliteError({ code, extendedCode, rawCode, message }: SQLiteError): MappedError {
  switch (extendedCode) {
    case "SQLITE_CONSTRAINT_UNIQUE":
    case "SQLITE_CONSTRAINT_PRIMARYKEY":
      return {
        kind: "UniqueConstraintViolation",
        constraint: fieldsOf(message),
        table: tableOf(message),
      };
    case "SQLITE_CONSTRAINT_NOTNULL":
      return { kind: "NullConstraintViolation", constraint: fieldsOf(message) };
    case "SQLITE_CONSTRAINT_FOREIGNKEY":
    case "SQLITE_CONSTRAINT_TRIGGER":
      return { kind: "ForeignKeyConstraintViolation", constraint: { foreignKey: {} } };
    case "SQLITE_BUSY_SNAPSHOT":
      return { kind: "TransactionWriteConflict" };
  }
  if (code === "SQLITE_BUSY") return { kind: "SocketTimeout" };
  const table = /no such table: (\S+)/.exec(message)?.[1];
  if (table !== undefined) return { kind: "TableDoesNotExist", table };
  const column = /(?:no such column:|has no column named) (\S+)/.exec(message)?.[1];
  if (column !== undefined) return { kind: "ColumnNotFound", column };
  return { kind: "sqlite", extendedCode: rawCode, message };
}

/** Of "UNIQUE constraint failed: users.name, users.age". */
function namesIn(message: string): string[] {
  return message.split("constraint failed: ")[1]?.split(", ") ?? [];
}

function fieldsOf(message: string): { fields: string[] } | undefined {
  const fields = namesIn(message).map((name) => name.slice(name.lastIndexOf(".") + 1));
  return fields.length === 0 ? undefined : { fields };
}

function tableOf(message: string): string | undefined {
  const [first = ""] = namesIn(message);
  const end = first.lastIndexOf(".");
  return end < 0 ? undefined : first.slice(0, end);
}
