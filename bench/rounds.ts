/** How the benchmarks of the core pool measure, and on what. */

import process from "node:process";

/** For example "bun 1.4.5". */
export function describeRuntime(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `bun ${bun}`;
  return deno !== undefined ? `deno ${deno}` : `node ${node}`;
}

/**
 * The best time of each task, in milliseconds of `now`. They take turns, round after round, so that
 * whatever else the machine does meets all of them, and harms the best of many rounds little.
 */
export async function bestTimes(
  rounds: number,
  tasks: readonly (() => Promise<void>)[],
  now: () => number = () => performance.now(),
): Promise<number[]> {
  const best = tasks.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    for (const [index, task] of tasks.entries()) {
      const startedAt = now();
      await task();
      best[index] = Math.min(best[index], now() - startedAt);
    }
  }
  return best;
}
