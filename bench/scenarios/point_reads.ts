/** (b) One row by its primary key, from 1 to 1,000 callers at once. */

import { spread, USER } from "../dataset/queries.ts";
import { callAll, callInTurn } from "./callers.ts";
import { lanesWithout, openContender } from "./databases.ts";
import type { Runner, Scenario, Subject } from "./scenario.ts";

const CALLERS = [1, 10, 100, 1_000] as const;

export const pointReads: Scenario = {
  name: "point-reads",
  title: "Point reads",
  unit: "reads",
  lanes: lanesWithout(),
  variants: CALLERS.map((callers) => ({ name: callersName(callers) })),
  async open(subject: Subject): Promise<Runner> {
    const contender = await openContender(subject);
    const user = contender.get(USER);
    const { users } = subject.rows;
    let done = 0;
    return {
      async run(variant, calls) {
        const first = done;
        done += calls;
        if (contender.synchronous) {
          callInTurn(calls, (i) => user([spread(first + i, users)]));
          return;
        }
        const callers = CALLERS.find((count) => callersName(count) === variant)!;
        await callAll(callers, calls, (i) => user([spread(first + i, users)]));
      },
      close: async () => contender.close(),
    };
  },
};

function callersName(callers: number): string {
  return `${callers.toLocaleString("en")} caller${callers === 1 ? "" : "s"}`;
}
