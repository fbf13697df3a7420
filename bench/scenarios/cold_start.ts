/** (i) From the start of a process to its first row. */

import { USER } from "../dataset/queries.ts";
import { lanesWithout, openContender, PYTHON } from "./databases.ts";
import type { Runner, Scenario, Subject } from "./scenario.ts";

export const coldStart: Scenario = {
  name: "cold-start",
  title: "Cold start, to the first row",
  unit: "starts",
  lanes: lanesWithout("execute", "lease", "threads", ...PYTHON),
  variants: [{ name: "one row" }],
  turns: "starts",
  async open(subject: Subject): Promise<Runner> {
    const contender = await openContender(subject);
    await contender.get(USER)([1]);
    return { async run() {}, close: async () => contender.close() };
  },
};
