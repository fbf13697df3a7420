/**
 * (e) Writes that survive a crash of the machine (`synchronous = FULL`), from 100 callers. The
 * baseline makes one transaction, and with it one sync, for each.
 */

import type { Contender } from "../contenders/contender.ts";
import { ADD_COMMENT, COUNT_COMMENT, spread } from "../dataset/queries.ts";
import { callAll } from "./callers.ts";
import { lanesWithout, openContender, required } from "./databases.ts";
import type { Runner, Scenario, Subject } from "./scenario.ts";

const CALLERS = 100;

type Write = (i: number) => unknown;

/** The three ways to write. */
const ways: Readonly<Record<string, (contender: Contender, subject: Subject) => Write>> = {
  "one statement": (contender, { rows }) => {
    const add = contender.run(ADD_COMMENT);
    return (i) => add([spread(i, rows.posts), spread(i, rows.users), i]);
  },
  "batch of two statements": (contender, { rows }) => {
    const batch = required(contender.batch, "batches");
    return (i) =>
      batch([
        { sql: ADD_COMMENT, params: [spread(i, rows.posts), spread(i, rows.users), i] },
        { sql: COUNT_COMMENT, params: [spread(i, rows.posts)] },
      ]);
  },
  "transaction of two statements": (contender, { rows }) => {
    const transaction = required(contender.transaction, "transactions with callbacks");
    return (i) =>
      transaction(async (tx) => {
        await tx.run(ADD_COMMENT, [spread(i, rows.posts), spread(i, rows.users), i]);
        await tx.run(COUNT_COMMENT, [spread(i, rows.posts)]);
      });
  },
};

export const durableWrites: Scenario = {
  name: "durable-writes",
  title: "Durable writes, 100 callers",
  unit: "writes",
  lanes: lanesWithout("execute", "lease", "auto", "threads"),
  variants: Object.keys(ways).map((name) => ({ name })),
  writes: true,
  async open(subject: Subject): Promise<Runner> {
    const contender = await openContender(subject, { synchronous: "FULL" });
    const callers = contender.overlapping === false ? 1 : CALLERS;
    let done = 0;
    return {
      leastCalls: callers,
      async run(variant, calls) {
        const write = ways[variant](contender, subject);
        const first = done;
        done += calls;
        await callAll(callers, calls, (i) => write(first + i) as Promise<unknown>);
      },
      close: async () => contender.close(),
    };
  },
};
