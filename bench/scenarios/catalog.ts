/** All scenarios, in the order in which they run. */

import { aggregates } from "./aggregates.ts";
import { coldStart } from "./cold_start.ts";
import { durableWrites } from "./durable_writes.ts";
import { http } from "./http.ts";
import { hundredRows } from "./hundred_rows.ts";
import { leases } from "./leases.ts";
import { loadTest } from "./load_test.ts";
import { mixed } from "./mixed.ts";
import { pointReads } from "./point_reads.ts";
import { readers, sizes } from "./scale.ts";
import type { Scenario } from "./scenario.ts";

export const scenarios: readonly Scenario[] = [
  loadTest,
  pointReads,
  hundredRows,
  mixed,
  durableWrites,
  aggregates,
  leases,
  readers,
  sizes,
  coldStart,
  http,
];

export function scenarioOf(name: string): Scenario {
  const scenario = scenarios.find((candidate) => candidate.name === name);
  if (scenario === undefined) {
    const known = scenarios.map(({ name }) => name).join(", ");
    throw new Error(`No scenario "${name}": it is one of ${known}`);
  }
  return scenario;
}
