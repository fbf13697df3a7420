/** What a scenario is: what the parent process knows of it, and what runs beside the contender. */

import type { Rows } from "../dataset/schema.ts";

/** Numbers beside the rate, such as percentiles of latency in milliseconds. */
export type Detail = Readonly<Record<string, number>>;

export interface Variant {
  /** As in the results: "100 callers". */
  readonly name: string;
}

export interface Lane {
  readonly id: string;
  readonly title: string;
  readonly ours?: boolean;
  readonly note?: string;
  readonly package?: string;
  readonly language?: "python";
}

/** What a process is started with. */
export interface Subject {
  readonly scenario: string;
  readonly lane: string;
  /** The database, or its copy if the scenario writes. */
  readonly path: string;
  readonly rows: Rows;
  /** Databases of other sizes, by their scale. */
  readonly sizes: readonly { readonly scale: number; readonly path: string; readonly rows: Rows }[];
}

/** A scenario at work in the process of one contender. */
export interface Runner {
  /** Makes at least `calls` calls. */
  run(variant: string, calls: number): Promise<Detail | void>;
  close(): Promise<unknown>;
  /** Fewer calls would leave callers without work. */
  readonly leastCalls?: number;
  /** Of a server: where it listens. */
  readonly port?: number;
}

export interface Scenario {
  /** As on the command line: "point-reads". */
  readonly name: string;
  readonly title: string;
  /** What is counted: rates are of these per second. */
  readonly unit: string;
  /** In one process each, in turn; the first is the baseline. */
  readonly lanes: (sizes: readonly number[]) => readonly Lane[];
  readonly variants: readonly Variant[];
  /** Whether each contender gets a copy of the database to write to. */
  readonly writes?: boolean;
  /** How a turn is taken; "calls" unless something else is told. */
  readonly turns?: "calls" | "starts" | "requests";
  /** Makes turns longer than usual, for calls that take long. */
  readonly turnFactor?: number;
  /** Which numbers of `Detail` the tables show, in this order. */
  readonly details?: readonly string[];
  open(subject: Subject): Promise<Runner>;
}
