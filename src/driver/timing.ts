/**
 * Statement durations.
 *
 * @module
 */

import { notify } from "../pool/hooks.ts";

/**
 * Called after each statement.
 *
 * @param sql The text of the statement.
 * @param ms Its execution time in milliseconds, excluding waits and messages between threads.
 */
export type OnTiming = (sql: string, ms: number) => void;

/**
 * Reports the duration of a statement. Errors of the callback do not affect the statement.
 *
 * @param onTiming The callback.
 * @param sql The statement.
 * @param ms Its execution time in milliseconds.
 */
export function reportTiming(onTiming: OnTiming, sql: string, ms: number): void {
  notify("onTiming", () => onTiming(sql, ms), undefined);
}
