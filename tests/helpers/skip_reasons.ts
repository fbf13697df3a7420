/** Only Node's test runner reports why a test was skipped: the others tell our runner here. */

import { appendFileSync } from "node:fs";
import process from "node:process";

/** The `skip` option of a test for this reason, if there is one; tells the runner. */
export function skipFor(
  test: string,
  reason: string | undefined,
): { readonly skip: string | false } {
  if (reason === undefined) return { skip: false };
  reportSkip(test, reason);
  return { skip: reason };
}

/** Tells the runner why the test of this name is skipped; does nothing without the runner. */
export function reportSkip(test: string, reason: string): void {
  const { SKIP_REASONS } = process.env;
  if (SKIP_REASONS !== undefined) {
    appendFileSync(SKIP_REASONS, `${JSON.stringify([test, reason])}\n`);
  }
}
