/** How the benchmarks measure, and the name of the runtime they run on. */

import process from "node:process";

/** For example "bun 1.4.5". */
export function describeRuntime(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `bun ${bun}`;
  return deno !== undefined ? `deno ${deno}` : `node ${node}`;
}

/**
 * The best time of each task, in milliseconds of `now`. Tasks alternate round by round, so other
 * load on the machine affects all of them alike, and the best of many rounds only a little.
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
