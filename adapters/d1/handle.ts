/**
 * What is used of a binding of D1, and how one is recognised. It imports nothing of the adapter,
 * so that a handle can be told before its adapter is loaded.
 *
 * @module
 */

import { hasMethods } from "../shape.ts";

/** What `batch` of D1 gives for a statement. */
export interface D1Result {
  /** The rows as objects: of columns that share a name, the last one is there. */
  readonly results: Record<string, unknown>[];
}

/** What is used of a statement of D1. */
export interface D1PreparedStatement {
  /** The statement with values for its parameters. */
  bind(...values: unknown[]): D1PreparedStatement;
  /** The names of the columns, and the values of each row. */
  raw(options: { columnNames: true }): Promise<unknown[][]>;
}

/** What a binding of D1 and its sessions have in common. */
export interface D1Queries {
  /** Makes a statement. */
  prepare(query: string): D1PreparedStatement;
  /** Runs statements in one transaction, which is one request. */
  batch(statements: D1PreparedStatement[]): Promise<D1Result[]>;
}

/** What is used of a session of D1. */
export interface D1Session extends D1Queries {
  /** What the session has seen; `null` before its first statement. */
  getBookmark(): string | null;
}

/** What is used of a binding of D1, such as `env.DB`. */
export interface D1Handle extends D1Queries {
  /** Begins a session. */
  withSession(constraintOrBookmark?: string): D1Session;
}

/**
 * Whether something is a binding of D1, or a session of one.
 *
 * @param value Anything.
 */
export function isD1Handle(value: unknown): value is D1Queries {
  return hasMethods(value, ["prepare", "batch"]) &&
    (hasMethods(value, ["withSession"]) || hasMethods(value, ["getBookmark"]));
}
