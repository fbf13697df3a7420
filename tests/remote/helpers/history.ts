/**
 * What sessions did and saw, and whether that could have happened on one database: a checker in
 * the style of Elle, for lists that are only appended to.
 */

/** One call. */
export type Operation =
  & { readonly session: number; readonly startedAt: number; readonly endedAt: number }
  & (
    | {
      readonly kind: "append";
      readonly keys: readonly number[];
      readonly value: number;
      /** "failed" means: for certain. */
      readonly outcome: "done" | "failed" | "unknown";
    }
    | {
      readonly kind: "read";
      readonly lists: ReadonlyMap<number, readonly number[]>;
    }
  );

/** Everything that is wrong with a history, in words; nothing if it is right. */
export function anomaliesIn(
  history: readonly Operation[],
  final: ReadonlyMap<number, readonly number[]>,
): string[] {
  return [
    ...lostOrTwice(history, final),
    ...notPrefixes(history, final),
    ...torn(history),
    ...sessionViolations(history),
  ];
}

/** What was acknowledged is there once, what has failed is not there. */
function lostOrTwice(
  history: readonly Operation[],
  final: ReadonlyMap<number, readonly number[]>,
): string[] {
  const counts = new Map<string, number>();
  for (const [key, values] of final) {
    for (const value of values) {
      counts.set(`${key} ${value}`, (counts.get(`${key} ${value}`) ?? 0) + 1);
    }
  }
  const found: string[] = [];
  for (const operation of history) {
    if (operation.kind !== "append") continue;
    const { keys, value, outcome } = operation;
    const times = keys.map((key) => counts.get(`${key} ${value}`) ?? 0);
    const allowed = outcome === "done" ? [1] : outcome === "failed" ? [0] : [0, 1];
    if (times.some((count) => !allowed.includes(count)) || new Set(times).size > 1) {
      found.push(`${outcome} append of ${value} to ${keys} is there ${times} times`);
    }
  }
  return found;
}

/** Every list that anybody saw is a beginning of the final one: there is one order of appends. */
function notPrefixes(
  history: readonly Operation[],
  final: ReadonlyMap<number, readonly number[]>,
): string[] {
  const found: string[] = [];
  for (const operation of history) {
    if (operation.kind !== "read") continue;
    for (const [key, values] of operation.lists) {
      const whole = final.get(key) ?? [];
      if (values.some((value, i) => whole[i] !== value)) {
        found.push(`session ${operation.session} saw ${key} in another order`);
      }
    }
  }
  return found;
}

/** A transaction that appends to two lists is seen in both or in none. */
function torn(history: readonly Operation[]): string[] {
  const partners = new Map<number, readonly number[]>();
  for (const operation of history) {
    if (operation.kind === "append") partners.set(operation.value, operation.keys);
  }
  const found: string[] = [];
  for (const operation of history) {
    if (operation.kind !== "read") continue;
    for (const [, values] of operation.lists) {
      for (const value of values) {
        for (const key of partners.get(value) ?? []) {
          const list = operation.lists.get(key);
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
  for (const operation of [...history].sort((a, b) => a.startedAt - b.startedAt)) {
    const { session } = operation;
    if (operation.kind === "append") {
      if (operation.outcome !== "done") continue;
      for (const key of operation.keys) {
        const values = own.get(`${session} ${key}`) ?? [];
        values.push(operation.value);
        own.set(`${session} ${key}`, values);
      }
      continue;
    }
    for (const [key, values] of operation.lists) {
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
  }
  return found;
}
