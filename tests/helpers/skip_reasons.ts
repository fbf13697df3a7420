/** Only Node's test runner reports why a test was skipped: ours reads the others' reasons here. */

import { appendFileSync } from "node:fs";
import process from "node:process";

/** The option of a test that is skipped for this reason, if there is one; the runner is told. */
export function skipFor(
  test: string,
  reason: string | undefined,
): { readonly skip: string | false } {
  if (reason === undefined) return { skip: false };
  reportSkip(test, reason);
  return { skip: reason };
}

/** Tells the runner why the test of this name is skipped. Without the runner it does nothing. */
export function reportSkip(test: string, reason: string): void {
  const { SKIP_REASONS } = process.env;
  if (SKIP_REASONS !== undefined) {
    appendFileSync(SKIP_REASONS, `${JSON.stringify([test, reason])}\n`);
  }
}
