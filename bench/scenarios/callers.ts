/** Callers that each wait for the answer to a call before they make the next. */

import type { Answer } from "../contenders/contender.ts";

/**
 * Makes calls 0 to `calls - 1`, shared between `callers` loops. After a failure nobody makes
 * another; it is thrown when all have their answers, so that nothing goes on behind the next turn.
 */
export async function callAll(
  callers: number,
  calls: number,
  call: (i: number) => Answer<unknown>,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const loop = async (): Promise<void> => {
    try {
      while (next < calls && failures.length === 0) await call(next++);
    } catch (error) {
      failures.push(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(callers, calls) }, loop));
  if (failures.length > 0) throw failures[0];
}

/** The same for calls that return values: nobody waits, so one loop is as good as many. */
export function callInTurn(calls: number, call: (i: number) => unknown): void {
  for (let i = 0; i < calls; i++) call(i);
}

/** Percentiles of latencies in milliseconds. */
export function percentiles(latencies: Float64Array): { p50: number; p90: number; p99: number } {
  const sorted = latencies.toSorted();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, sorted.length * share | 0)];
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
