/** (d) Four point reads to each write, durable against a crash of the process. */

import { ADD_LIKE, spread, USER } from "../dataset/queries.ts";
import { callAll, callInTurn } from "./callers.ts";
import { lanesWithout, openContender } from "./databases.ts";
import type { Runner, Scenario, Subject } from "./scenario.ts";

const CALLERS = 100;
/** One call in five writes. */
const WRITES = 5;

export const mixed: Scenario = {
  name: "mixed",
  title: "80 % reads, 20 % writes",
  unit: "calls",
  lanes: lanesWithout("execute", "lease"),
  variants: [{ name: `${CALLERS} callers` }],
  writes: true,
  async open(subject: Subject): Promise<Runner> {
    const contender = await openContender(subject);
    const user = contender.get(USER);
    const like = contender.run(ADD_LIKE);
    const { users, posts } = subject.rows;
    let done = 0;
    return {
      leastCalls: CALLERS,
      async run(_, calls) {
        const first = done;
        done += calls;
        const call = (i: number) => {
          const at = first + i;
          return i % WRITES === 0
            ? like([spread(at, users), spread(at, posts)])
            : user([spread(at, users)]);
        };
        if (contender.synchronous) callInTurn(calls, call);
        else await callAll(CALLERS, calls, call);
      },
      close: async () => contender.close(),
    };
  },
};
