/** The lines between the benchmark and the process of a contender: JSON after a mark. */

import type { Verdict } from "../scenarios/correctness.ts";
import type { Detail, Subject } from "../scenarios/scenario.ts";

/** Tells answers from whatever else a contender prints. */
export const MARK = "@@bench ";

export type Order =
  | { readonly order: "run"; readonly variant: string; readonly calls: number }
  | { readonly order: "end" };

export type Answer =
  | { readonly answer: "ready"; readonly port?: number; readonly leastCalls?: number }
  | { readonly answer: "absent"; readonly reason: string }
  | {
    readonly answer: "done";
    readonly calls: number;
    readonly ms: number;
    /** Processor time of the process, all its threads included. */
    readonly cpuMs: number;
    readonly detail: Detail;
  }
  | { readonly answer: "failed"; readonly reason: string }
  | { readonly answer: "verdict"; readonly verdict: Verdict }
  | { readonly answer: "ended" };

/** The first argument of the process. */
export type Assignment = Subject & { readonly task: "measure" | "examine" };
