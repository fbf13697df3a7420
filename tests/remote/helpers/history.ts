/**
 * What sessions did and saw, and whether that could have happened on one database: a checker in
 * the style of Elle, for lists that are only appended to.
 */

import { cycleIn } from "./dependencies.ts";
import { byStart, type Lists, type Operation } from "./operation.ts";

/** Everything that is wrong with a history, in words; nothing if it is right. */
export function anomaliesIn(history: readonly Operation[], final: Lists): string[] {
  return [
    ...lostOrTwice(history, final),
    ...notPrefixes(history, final),
    ...torn(history),
    ...sessionViolations(history),
    ...cycleIn(history, final),
  ];
}

/** What was acknowledged is there once, what has failed is not there. */
function lostOrTwice(history: readonly Operation[], final: Lists): string[] {
  const counts = new Map<string, number>();
  for (const [key, values] of final) {
    for (const value of values) {
      counts.set(`${key} ${value}`, (counts.get(`${key} ${value}`) ?? 0) + 1);
    }
  }
  const found: string[] = [];
  for (const { append } of history) {
    if (append === undefined) continue;
    const { keys, value, outcome } = append;
    const times = keys.map((key) => counts.get(`${key} ${value}`) ?? 0);
    const allowed = outcome === "done" ? [1] : outcome === "failed" ? [0] : [0, 1];
    if (times.some((count) => !allowed.includes(count)) || new Set(times).size > 1) {
      found.push(`${outcome} append of ${value} to ${keys} is there ${times} times`);
    }
  }
  return found;
}

/** Every list that anybody saw is a beginning of the final one: there is one order of appends. */
function notPrefixes(history: readonly Operation[], final: Lists): string[] {
  const found: string[] = [];
  for (const { session, lists = [] } of history) {
    for (const [key, values] of lists) {
      const whole = final.get(key) ?? [];
      if (values.some((value, i) => whole[i] !== value)) {
        found.push(`session ${session} saw ${key} in another order`);
      }
    }
  }
  return found;
}

/** A transaction that appends to two lists is seen in both or in none. */
function torn(history: readonly Operation[]): string[] {
  const partners = new Map<number, readonly number[]>();
  for (const { append } of history) {
    if (append !== undefined) partners.set(append.value, append.keys);
  }
  const found: string[] = [];
  for (const { lists } of history) {
    if (lists === undefined) continue;
    for (const [, values] of lists) {
      for (const value of values) {
        for (const key of partners.get(value) ?? []) {
          const list = lists.get(key);
          if (list !== undefined && !list.includes(value)) found.push(`${value} was seen in part`);
        }
      }
    }
  }
  return found;
}

/** Within a session: its own writes are seen, and nothing that was seen disappears. */
function sessionViolations(history: readonly Operation[]): string[] {
  const found: string[] = [];
  const seen = new Map<string, number>();
  const own = new Map<string, number[]>();
  // One call after the other in each session.
  for (const { session, lists, append } of byStart(history)) {
    for (const [key, values] of lists ?? []) {
      const id = `${session} ${key}`;
      const before = seen.get(id) ?? 0;
      if (values.length < before) {
        found.push(
          `session ${session} went back in ${key}: ${before} values, then ${values.length}`,
        );
      }
      seen.set(id, Math.max(before, values.length));
      const missing = (own.get(id) ?? []).filter((value) => !values.includes(value));
      if (missing.length > 0) found.push(`session ${session} misses its own ${missing} in ${key}`);
    }
    if (append?.outcome !== "done") continue;
    for (const key of append.keys) {
      const id = `${session} ${key}`;
      own.set(id, [...own.get(id) ?? [], append.value]);
    }
  }
  return found;
}
