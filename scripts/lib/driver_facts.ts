// Runs on each runtime and reports its drivers, their limits, and why cases are skipped there.
// Only Node's JUnit reports contain reasons.

import type { DriverLimit } from "../../adapters/limits.ts";
import * as drivers from "../../tests/conformance/drivers.ts";
import { conformance } from "../../tests/conformance/suite.ts";

/** What one runtime reports about one driver. */
export interface DriverFacts {
  readonly limits: readonly DriverLimit[];
  /** How many cases are skipped for each reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

const all = Object.values(drivers) as drivers.ConformanceDriver[];

console.log(JSON.stringify(Object.fromEntries(all.map((driver) => {
  const reasons = conformance(driver).map(([, { skip }]) => skip).filter((skip) => skip !== false);
  const skipped: Record<string, number> = {};
  for (const reason of reasons) skipped[reason] = (skipped[reason] ?? 0) + 1;
  const facts: DriverFacts = { limits: driver.limits, skipped };
  return [driver.name, facts];
}))));
