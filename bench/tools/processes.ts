// Contenders that would disturb each other in one process: what a native driver leaves to be freed
// is freed while the next one runs, and code that several share is compiled for all of them.

import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

/** What a contender runs, by the names of the workloads. */
export interface Contender {
  readonly workloads: Readonly<Record<string, () => Promise<void>>>;
  close(): unknown;
}

/** Opens contenders, by their names. */
export type Contenders = Readonly<Record<string, () => Promise<Contender>>>;

/** The least processor time of each workload in milliseconds, by the contenders' names. */
export type Times = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Says to a process which contender it is. */
const VARIABLE = "BENCH_CONTENDER";

/**
 * Runs every contender in a process of its own. They alternate, turn by turn.
 *
 * @param script the path of the benchmark, which every process runs up to this call.
 * @returns the times; it never returns in the process of a contender.
 */
export async function compare(
  script: string,
  contenders: Contenders,
  workloads: readonly string[],
  rounds: number,
): Promise<Times> {
  const own = process.env[VARIABLE];
  if (own !== undefined) return await serve(contenders[own]);
  const names = Object.keys(contenders);
  const children = new Map(names.map((name) => [
    name,
    fork(script, { env: { ...process.env, [VARIABLE]: name } }),
  ]));
  const times = new Map(names.map((name) => [name, new Map<string, number>()]));
  for (let round = 0; round < rounds; round++) {
    for (const workload of workloads) {
      for (const [name, child] of children) {
        const answer = once(child, "message");
        child.send(workload);
        const [time] = await answer as [number];
        const best = times.get(name)!;
        best.set(workload, Math.min(best.get(workload) ?? Infinity, time));
      }
    }
  }
  for (const child of children.values()) child.disconnect();
  return times;
}

/** Processor time of all threads of this process, in milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function serve(open: () => Promise<Contender>): Promise<never> {
  const asked: string[] = [];
  process.on("message", (workload: string) => asked.push(workload));
  const gone = once(process, "disconnect");
  const { workloads, close } = await open();
  for (;;) {
    if (asked.length === 0) await Promise.race([once(process, "message"), gone]);
    const workload = asked.shift();
    if (workload === undefined) break;
    const startedAt = processorTime();
    await workloads[workload]();
    process.send!(processorTime() - startedAt);
  }
  await close();
  process.exit();
}

/** Prints one workload: requests for each second of processor time, and ratios to the first. */
export function print(workload: string, times: Times, requests: number): void {
  console.log(`\n${workload}`);
  let first: number | undefined;
  for (const [name, best] of times) {
    const time = best.get(workload)!;
    first ??= time;
    const perSecond = Math.round(1_000 * requests / time);
    const ratio = (first / time).toFixed(2);
    console.log(`  ${name.padEnd(32)} ${String(perSecond).padStart(8)}/s  ${ratio}x`);
  }
}
