/** (h) More readers, and larger databases. */

import { entryOf } from "../contenders/catalog.ts";
import type { Contender } from "../contenders/contender.ts";
import { spread, USER } from "../dataset/queries.ts";
import { callAll, callInTurn } from "./callers.ts";
import { openContender, READERS } from "./databases.ts";
import type { Lane, Runner, Scenario, Subject } from "./scenario.ts";

const CALLERS = 100;
const READER_COUNTS = [4, 1, 2, 8, 16, 32, 64] as const;
/** Users whose rows fit into the page cache of a connection at any size of the database. */
const HOT_USERS = 10_000;
const HOT = "10,000 users, over and over";
const ALL = "all users";

function reading(contender: Contender, users: (variant: string) => number): Runner {
  const user = contender.get(USER);
  let done = 0;
  return {
    async run(variant, calls) {
      const first = done;
      done += calls;
      const count = users(variant);
      const call = (i: number) => user([spread(first + i, count)]);
      if (contender.synchronous) callInTurn(calls, call);
      else await callAll(CALLERS, calls, call);
    },
    close: async () => contender.close(),
  };
}

export const readers: Scenario = {
  name: "readers",
  title: "Readers",
  unit: "reads",
  lanes: () =>
    READER_COUNTS.map((count): Lane => ({
      id: `readers-${count}`,
      title: `${count} reader${count === 1 ? "" : "s"}`,
      ours: true,
    })),
  variants: [{ name: `${CALLERS} callers` }],
  async open(subject: Subject): Promise<Runner> {
    const count = Number(subject.lane.replace("readers-", ""));
    const contender = await openContender({ ...subject, lane: "database" }, { readers: count });
    return reading(contender, () => subject.rows.users);
  },
};

const sizeLanes = ["raw", "database"] as const;

export const sizes: Scenario = {
  name: "sizes",
  title: "Size of the database",
  unit: "reads",
  lanes: (scales) =>
    sizeLanes.flatMap((contender) =>
      scales.map((scale): Lane => ({
        id: `${contender}-${scale}`,
        title: `${entryOf(contender).title}, ${sizeOf(scale)}`,
        ours: contender === "database",
      }))
    ),
  variants: [{ name: HOT }, { name: ALL }],
  async open(subject: Subject): Promise<Runner> {
    const [, lane, scale] = subject.lane.match(/^(\w+)-(.+)$/)!;
    const { path, rows } = subject.sizes.find((size) => String(size.scale) === scale)!;
    const contender = await openContender({ ...subject, lane, path }, { readers: READERS });
    return reading(
      contender,
      (variant) => variant === HOT ? Math.min(HOT_USERS, rows.users) : rows.users,
    );
  },
};

/** About how large a database is: 850 MB at full scale. */
export function sizeOf(scale: number): string {
  return `${Math.round(scale * 850).toLocaleString("en")} MB`;
}
