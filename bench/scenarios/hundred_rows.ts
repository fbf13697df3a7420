/** (c) A hundred rows of five columns. */

import { HUNDRED_COMMENTS, spread } from "../dataset/queries.ts";
import { callAll, callInTurn } from "./callers.ts";
import { lanesWithout, openContender } from "./databases.ts";
import type { Runner, Scenario, Subject } from "./scenario.ts";

const CALLERS = 20;
const ROWS = 100;

export const hundredRows: Scenario = {
  name: "hundred-rows",
  title: "Results of 100 rows",
  unit: "results",
  lanes: lanesWithout("execute", "lease"),
  variants: [{ name: `${CALLERS} callers` }],
  async open(subject: Subject): Promise<Runner> {
    const contender = await openContender(subject);
    const comments = contender.all(HUNDRED_COMMENTS);
    const last = subject.rows.comments - ROWS;
    let done = 0;
    return {
      async run(_, calls) {
        const first = done;
        done += calls;
        const call = (i: number) => comments([spread(first + i, last)]);
        if (contender.synchronous) callInTurn(calls, call);
        else await callAll(CALLERS, calls, call);
      },
      close: async () => contender.close(),
    };
  },
};
