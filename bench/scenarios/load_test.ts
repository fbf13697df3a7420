/**
 * (a) aiosqlitepool's own measurements: 1,000 requests from 100 workers, over and over, with the
 * time that each takes; and simple SELECTs from 5 workers, for the price of a connection.
 */

import { POST, spread, USER } from "../dataset/queries.ts";
import { callAll, percentiles } from "./callers.ts";
import { lanesWithout, openContender } from "./databases.ts";
import type { Runner, Scenario, Subject } from "./scenario.ts";

const REQUESTS = 1_000;
const WORKERS = 100;
const OVERHEAD_WORKERS = 5;

const LOAD = "1,000 requests x 100 workers";
const OVERHEAD = "SELECTs x 5 workers";

export const loadTest: Scenario = {
  name: "load-test",
  title: "aiosqlitepool's load test",
  unit: "requests",
  lanes: lanesWithout("execute", "lease", "auto"),
  variants: [{ name: LOAD }, { name: OVERHEAD }],
  details: ["p50", "p90", "p99"],
  async open(subject: Subject): Promise<Runner> {
    const contender = await openContender(subject);
    const user = contender.get(USER);
    const post = contender.get(POST);
    const { users, posts } = subject.rows;
    let done = 0;
    const overhead = async (calls: number): Promise<void> => {
      const first = done;
      done += calls;
      await callAll(OVERHEAD_WORKERS, calls, (i) => user([spread(first + i, users)]));
    };
    const load = async (calls: number) => {
      const rounds = Math.max(1, Math.round(calls / REQUESTS));
      const latencies = new Float64Array(rounds * REQUESTS);
      for (let round = 0; round < rounds; round++) {
        const first = done;
        done += REQUESTS;
        await callAll(WORKERS, REQUESTS, async (i) => {
          const started = performance.now();
          await (i % 2 === 0 ? user([spread(first + i, users)]) : post([spread(first + i, posts)]));
          latencies[round * REQUESTS + i] = performance.now() - started;
        });
      }
      return { calls: latencies.length, ...percentiles(latencies) };
    };
    return {
      run: (variant, calls) => variant === LOAD ? load(calls) : overhead(calls),
      close: async () => contender.close(),
    };
  },
};
