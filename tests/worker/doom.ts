/** How and when a thread of the tests dies. */

/** Where in its life a thread dies. */
export const MOMENTS = [
  "loading",
  "before opening",
  "after opening",
  "idle",
  "before a statement",
  "after a statement",
  "in a transaction",
  "in a cursor",
  "before closing",
] as const;
export type Moment = typeof MOMENTS[number];

export const WAYS = ["exit", "throw", "memory"] as const;
export type Way = typeof WAYS[number];

export interface Doom {
  readonly moment: Moment;
  readonly way: Way;
  /** So many messages of the kind that the moment waits for are survived. */
  readonly patience: number;
  /** Deaths by moment, in memory that all threads share. */
  readonly deaths: SharedArrayBuffer;
}
