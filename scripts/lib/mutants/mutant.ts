/** A known bug, planted as a change to one place in the sources, and the test that must fail. */
export interface Mutant {
  readonly bug: string;
  /** Path of the source file, from the root of the repository. */
  readonly file: string;
  /** Must occur there exactly once. */
  readonly find: string;
  readonly replace: string;
  /**
   * Path of the test or script that must notice, from the root. A script that does not use
   * `node:test` prints `An invariant broke after 7 schedules` and exits with 1.
   */
  readonly guard: string;
  /** Environment variables for the guard, such as a seed and a number of runs. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * A guard that runs for longer counts as having noticed, in milliseconds. Default: 20_000; less
   * for a bug that makes a fast guard wait forever.
   */
  readonly timeoutMs?: number;
}
