/** The options of the benchmark command. */

import { parseArgs } from "node:util";

import { selectRuntimes } from "../../scripts/lib/runtimes.ts";
import type { Runtime } from "../../scripts/lib/runtimes.ts";
import { entries } from "../contenders/catalog.ts";
import { scenarios } from "../scenarios/catalog.ts";

export interface Options {
  readonly runtimes: readonly Runtime[];
  /** Names of scenarios; "correctness" is one of them. */
  readonly scenarios: readonly string[];
  /** Ids of contenders; all if empty. The baseline always takes part. */
  readonly contenders: readonly string[];
  /** 1 is about 850 MB. */
  readonly scale: number;
  readonly rounds: number;
  readonly turnMs: number;
  readonly output: string;
  /** Whether contenders may be installed in bench/node_modules. */
  readonly install: boolean;
  /** Whether the sources are measured instead of the package that is built from them. */
  readonly sources: boolean;
}

export const CORRECTNESS = "correctness";

export const USAGE: string = `npm run bench -- [options]

  --quick               a twentieth of the data, shorter turns
  --runtime a,b         node22, node24, node26, bun, deno (default: node26,bun,deno)
  --scenarios a,b       ${[...scenarios.map(({ name }) => name), CORRECTNESS].join(", ")}
  --contenders a,b      ${entries.map(({ id }) => id).join(", ")}
  --scale n             size of the database, 1 for 850 MB
  --rounds n            turns of each contender
  --turn-ms n           length of a turn
  --output folder       where results and charts go (default: bench/results)
  --no-install          only contenders that are there already
  --sources             measure the sources, not the package built from them

AIOSQLITEPOOL_PATH names folders with the sources of aiosqlite and aiosqlitepool, if python3 does
not have them installed. BENCH_CACHE names another folder for the generated databases.`;

const FULL = { scale: 1, rounds: 7, turnMs: 300 };
const QUICK = { scale: 0.05, rounds: 7, turnMs: 100 };

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      runtime: { type: "string", default: "node26,bun,deno" },
      scenarios: { type: "string" },
      contenders: { type: "string", default: "" },
      scale: { type: "string" },
      rounds: { type: "string" },
      "turn-ms": { type: "string" },
      output: { type: "string", default: "bench/results" },
      "no-install": { type: "boolean", default: false },
      sources: { type: "boolean", default: false },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const names = [...scenarios.map(({ name }) => name), CORRECTNESS];
  return {
    runtimes: selectRuntimes([values.runtime]),
    scenarios: values.scenarios === undefined ? names : chosen(values.scenarios, names, "scenario"),
    contenders: chosen(values.contenders, entries.map(({ id }) => id), "contender"),
    scale: positive("--scale", values.scale, size.scale),
    rounds: positive("--rounds", values.rounds, size.rounds),
    turnMs: positive("--turn-ms", values["turn-ms"], size.turnMs),
    output: values.output,
    install: !values["no-install"],
    sources: values.sources,
  };
}

function chosen(list: string, known: readonly string[], what: string): string[] {
  const names = list.split(",").filter((name) => name !== "");
  for (const name of names) {
    if (!known.includes(name)) {
      throw new Error(`There is no ${what} "${name}": it is one of ${known.join(", ")}`);
    }
  }
  return names;
}

function positive(option: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0)) throw new Error(`${option} must be a number above 0, not ${text}`);
  return value;
}
