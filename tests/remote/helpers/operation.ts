/** Calls of sessions that append to lists and read them. */

/** What a read saw of lists, by key. */
export type Lists = ReadonlyMap<number, readonly number[]>;

/** One call. */
export interface Operation {
  readonly session: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Who answered: only the primary is held to the order of real time. */
  readonly by: "primary" | "anybody";
  /** What it saw; in a transaction, before it appended. */
  readonly lists?: Lists;
  readonly append?: {
    readonly keys: readonly number[];
    readonly value: number;
    /** "failed" means: for certain. */
    readonly outcome: "done" | "failed" | "unknown";
  };
}

/** In the order in which they began. */
export function byStart(history: readonly Operation[]): Operation[] {
  return [...history].sort((a, b) => a.startedAt - b.startedAt);
}
