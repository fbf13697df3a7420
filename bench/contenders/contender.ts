/** What the scenarios ask of everything that is compared. */

export type Value = number | string | null;
export type Params = readonly Value[];

/** A promise, or the value itself where the contender is synchronous. */
export type Answer<T> = T | PromiseLike<T>;

/** Runs a statement that was named before, so that those who prepare can. */
export type Call = (params: Params) => Answer<unknown>;

export interface Statement {
  readonly sql: string;
  readonly params: Params;
}

export interface Transaction {
  /** The first row. */
  get(sql: string, params: Params): Answer<unknown>;
  run(sql: string, params: Params): Answer<unknown>;
}

export type Work = (tx: Transaction) => Promise<void>;

export interface Contender {
  /** Whether calls return values instead of promises. */
  readonly synchronous?: boolean;
  /**
   * Whether a second transaction may begin before the first has ended. A handle on its own cannot:
   * its callers have to take turns themselves.
   */
  readonly overlapping?: boolean;
  /** The first row of a read. */
  get(sql: string): Call;
  /** All rows of a read. */
  all(sql: string): Call;
  /** A write of one statement. */
  run(sql: string): Call;
  /** Statements that are known beforehand, all or nothing. */
  batch?(statements: readonly Statement[]): Answer<unknown>;
  /** A transaction around a callback, as its documentation writes it. */
  transaction?(work: Work): Answer<unknown>;
  close(): Answer<unknown>;
}

export interface OpenOptions {
  readonly path: string;
  readonly synchronous: "NORMAL" | "FULL";
  /** How many connections read, where that can be chosen. */
  readonly readers: number;
}

export type Open = (options: OpenOptions) => Promise<Contender>;

/** A contender that cannot run here, with the reason for the table. */
export class AbsentError extends Error {}

/** The pragmas of every connection of every contender: those of `openDatabase`. */
export function pragmasOf({ synchronous }: Pick<OpenOptions, "synchronous">): string[] {
  return [
    "PRAGMA journal_mode = WAL",
    `PRAGMA synchronous = ${synchronous}`,
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA busy_timeout = 5000",
  ];
}
