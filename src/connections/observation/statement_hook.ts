/**
 * The hooks of the user for statements.
 *
 * @module
 */

import { notify } from "../../pool/hooks.ts";
import type { Observed, Place } from "./operation.ts";
import type { DatabaseWarning } from "./warning.ts";

/** A statement has run. It never carries parameters. */
export interface StatementEvent {
  /** Its text. */
  readonly sql: string;
  /**
   * Milliseconds from when it was sent to its connection to its result, waits for a lock
   * included. Waits for a connection are not, nor is the time between the rows of `iterate`.
   */
  readonly ms: number;
  /** How many rows came back. */
  readonly rows: number;
  /** What it failed with; `undefined` when it has not. */
  readonly error: unknown;
  /** Where it ran: "worker" in a thread of its own, "process" in a process, otherwise "inline". */
  readonly place: Place;
}

/** What the user wants to know of statements. */
export interface StatementHooks {
  readonly onStatement?: ((event: StatementEvent) => void) | undefined;
  readonly slowStatementMs?: number | undefined;
  readonly onWarning?: ((warning: DatabaseWarning) => void) | undefined;
}

/** Of a text that is longer, a warning has the beginning. */
const LONGEST_TEXT = 500;

/** Tells the hooks of a statement. */
export function tellHooks(
  { onStatement, slowStatementMs = Infinity, onWarning = warn }: StatementHooks,
  { ms, context }: Observed,
): void {
  const { sql = "", rows = 0, error, place, name } = context;
  notify("onStatement", onStatement, { sql, ms, rows, error, place });
  if (ms < slowStatementMs) return;
  const of = name === undefined ? "" : ` of ${JSON.stringify(name)}`;
  const text = sql.length > LONGEST_TEXT ? `${sql.slice(0, LONGEST_TEXT)} ...` : sql;
  const message = `A statement${of} took ${Math.round(ms)} ms, and slowStatementMs is ` +
    `${slowStatementMs}. Look at its query plan (EXPLAIN QUERY PLAN): ${text}`;
  notify("onWarning", onWarning, { kind: "slow statement", message });
}

function warn({ message }: DatabaseWarning): void {
  console.warn(`@sqlitepool/pool: ${message}`);
}
