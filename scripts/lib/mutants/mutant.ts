/** A known bug, planted as a change to one place of the sources, and the test that must fail. */
export interface Mutant {
  readonly bug: string;
  /** Path of the source file, from the root of the repository. */
  readonly file: string;
  /** Must occur there exactly once. */
  readonly find: string;
  readonly replace: string;
  /**
   * Path of the test or script that must notice, from the root. A script that is no `node:test`
   * says `An invariant broke after 7 schedules` and exits with 1.
   */
  readonly guard: string;
  /** What the guard is told through its environment: a seed and a number of runs, say. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * A guard that runs for longer counts as having noticed. Default: 20_000; less for a bug that
   * makes a quick guard wait forever.
   */
  readonly timeoutMs?: number;
}
