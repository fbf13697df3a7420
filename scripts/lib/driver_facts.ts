// Runs on each runtime and reports its drivers, their limits, and why cases are skipped there.
// Only Node's JUnit reports contain reasons.

import { existsSync, readdirSync } from "node:fs";

import type { DriverLimit } from "../../adapters/limits.ts";
import * as drivers from "../../tests/conformance/drivers.ts";
import { conformance } from "../../tests/conformance/suite.ts";
import type { EdgeDriver } from "../../tests/edge/harness/edge_driver.ts";

/** What one runtime reports about one driver. */
export interface DriverFacts {
  readonly limits: readonly DriverLimit[];
  /** How many cases are skipped for each reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** By driver. */
export interface FactsReport {
  /** The drivers of the runtime that runs this. */
  readonly here: Readonly<Record<string, DriverFacts>>;
  /** The drivers inside workerd, whichever runtime starts it. */
  readonly workerd: Readonly<Record<string, DriverFacts>>;
}

/** Where the drivers are that live inside workerd. */
const EDGE = new URL("../../tests/edge/drivers/", import.meta.url);

type Tested = Omit<drivers.ConformanceDriver, "open">;

async function edgeDrivers(): Promise<Tested[]> {
  const files = existsSync(EDGE) ? readdirSync(EDGE).sort() : [];
  const modules: { driver: EdgeDriver }[] = await Promise.all(
    files.map((file) => import(new URL(file, EDGE).href)),
  );
  return modules.map(({ driver }) => ({ ...driver, unavailable: undefined }));
}

function factsOf(driver: Tested): DriverFacts {
  const open = () => Promise.reject(new Error("Nothing is opened here."));
  const cases = conformance({ ...driver, open });
  const reasons = cases.map(([, { skip }]) => skip).filter((skip) => skip !== false);
  const skipped: Record<string, number> = {};
  for (const reason of reasons) skipped[reason] = (skipped[reason] ?? 0) + 1;
  return { limits: driver.limits, skipped };
}

function byName(all: readonly Tested[]): Record<string, DriverFacts> {
  return Object.fromEntries(all.map((driver) => [driver.name, factsOf(driver)]));
}

const report: FactsReport = {
  here: byName(Object.values(drivers) as Tested[]),
  workerd: byName(await edgeDrivers()),
};
console.log(JSON.stringify(report));
