/**
 * What statements take.
 *
 * @module
 */

import { notify } from "../pool/hooks.ts";

/**
 * Is told of each statement that has run.
 *
 * @param sql Its text.
 * @param ms What it took where it ran, in milliseconds: neither waits nor the way there count.
 */
export type OnTiming = (sql: string, ms: number) => void;

/**
 * Tells what a statement took. Whatever the one who is told does, the statement has its outcome.
 *
 * @param onTiming Who is told.
 * @param sql The statement.
 * @param ms What it took.
 */
export function reportTiming(onTiming: OnTiming, sql: string, ms: number): void {
  notify("onTiming", () => onTiming(sql, ms), undefined);
}
