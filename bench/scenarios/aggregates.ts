/** (f) Reports over many rows, and how late timers are while they run. */

import { setImmediate } from "node:timers/promises";

import { REPORT } from "../dataset/queries.ts";
import { callAll } from "./callers.ts";
import { lanesWithout, openContender, PYTHON } from "./databases.ts";
import type { Runner, Scenario, Subject } from "./scenario.ts";

const CALLERS = 4;
/** Tens of milliseconds for each report. */
const MOST_ROWS = 300_000;

export const aggregates: Scenario = {
  name: "aggregates",
  title: "Aggregates",
  unit: "reports",
  lanes: lanesWithout("execute", "lease", ...PYTHON),
  variants: [{ name: `${CALLERS} callers` }],
  turnFactor: 2,
  details: ["delay p99"],
  async open(subject: Subject): Promise<Runner> {
    const contender = await openContender(subject);
    const report = contender.all(REPORT);
    const rows = Math.min(MOST_ROWS, subject.rows.comments);
    return {
      async run(_, calls) {
        const ticker = startTicker();
        await callAll(CALLERS, calls, async () => {
          await report([1, rows]);
          // As in a server, where each request is an event of its own.
          await setImmediate();
        });
        return { "delay p99": await ticker.stop() };
      },
      close: async () => contender.close(),
    };
  },
};

/** A timer due every millisecond; tells how late it was, in milliseconds. */
export function startTicker(): { stop(): Promise<number> } {
  const delays: number[] = [];
  let due = performance.now() + 1;
  const ticker = setInterval(() => {
    const now = performance.now();
    delays.push(Math.max(0, now - due));
    due = now + 1;
  }, 1);
  return {
    async stop() {
      clearInterval(ticker);
      // A loop that was blocked to the end has kept the timer waiting until now.
      delays.push(Math.max(0, performance.now() - due));
      delays.sort((a, b) => a - b);
      return delays[Math.ceil(delays.length * 0.99) - 1];
    },
  };
}
