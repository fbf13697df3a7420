/** What a run leaves behind: bench/results/<runtime>.json. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Verdict } from "../scenarios/correctness.ts";
import type { Machine } from "./machine.ts";

export interface Figure {
  readonly scenario: string;
  readonly variant: string;
  readonly lane: string;
  /** Median of the rounds; absent if it has not run. */
  readonly perSecond?: number;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread?: number;
  /** Median of the ratios to the baseline before and after in the same round. */
  readonly ratio?: number;
  readonly ratioSpread?: number;
  /** Median of the processor time of a call in microseconds, all threads included. */
  readonly cpuMicros?: number;
  readonly detail?: Readonly<Record<string, number>>;
  /** Why there is no figure. */
  readonly absent?: string;
  readonly failed?: string;
}

export interface LaneInfo {
  readonly title: string;
  readonly ours?: boolean;
  readonly note?: string;
  readonly version?: string;
}

export interface ScenarioInfo {
  readonly title: string;
  readonly unit: string;
  /** Of its database. */
  readonly scale: number;
  readonly lanes: Readonly<Record<string, LaneInfo>>;
}

export interface Results {
  /** "node26", as on the command line. */
  readonly name: string;
  /** "Node 26.10.0". */
  readonly runtime: string;
  readonly date: string;
  readonly machine: Machine;
  readonly scale: number;
  readonly rounds: number;
  readonly turnMs: number;
  readonly scenarios: Readonly<Record<string, ScenarioInfo>>;
  readonly figures: readonly Figure[];
  readonly correctness: Readonly<Record<string, Verdict | { readonly absent: string }>>;
}

export function saveResults(folder: string, results: Results): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${results.name}.json`);
  const { figures, correctness, ...rest } = results;
  // A line for each figure: readable, and small in a diff.
  const lines = figures.map((figure) => `    ${JSON.stringify(figure)}`).join(",\n");
  const verdicts = Object.entries(correctness)
    .map(([id, verdict]) => `    ${JSON.stringify(id)}: ${JSON.stringify(verdict)}`).join(",\n");
  const head = JSON.stringify(rest, undefined, 2).slice(0, -2);
  writeFileSync(
    path,
    `${head},\n  "figures": [\n${lines}\n  ],\n  "correctness": {\n${verdicts}\n  }\n}\n`,
  );
  return path;
}

/** The last run on a runtime at this scale, if its results are still there. */
export function readLast(folder: string, name: string, scale: number): Results | undefined {
  if (!existsSync(folder)) return undefined;
  return readResults(folder, scale).find((results) => results.name === name);
}

/** The results in a folder that were measured at this scale. */
export function readResults(folder: string, scale: number): Results[] {
  return readdirSync(folder).filter((name) => name.endsWith(".json")).sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Results)
    .filter((results) => results.scale === scale);
}
