/** One suite for every driver: what DESIGN.md promises in section 4, as cases. */

import { join } from "node:path";
import type { TestContext } from "node:test";

import { type DriverLimit, limitTexts } from "../../adapters/limits.ts";
import type { DriverConnection } from "../../mod.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";
import { reportSkip } from "../helpers/skip_reasons.ts";
import type { ConformanceDriver, OpenOptions } from "./drivers.ts";
import { cursorCases } from "./cases/cursors.ts";
import { errorCases } from "./cases/errors.ts";
import { interruptCases } from "./cases/interrupts.ts";
import { lifecycleCases } from "./cases/lifecycle.ts";
import { parameterCases } from "./cases/parameters.ts";
import { resultCases } from "./cases/results.ts";
import { roundTripCases } from "./cases/round_trip.ts";
import { statementCases } from "./cases/statements.ts";
import { transactionCases } from "./cases/transactions.ts";
import { valueCases } from "./cases/values.ts";

/** What a case has to work with. */
export interface Fixture {
  readonly t: TestContext;
  readonly driver: ConformanceDriver;
  /** A connection, closed when the test ends: to an empty database in memory without a path. */
  open(path?: string, options?: OpenOptions): Promise<DriverConnection>;
  /** The path of a file that does not exist yet. */
  file(name?: string): string;
  has(limit: DriverLimit): boolean;
}

export interface Case {
  readonly name: string;
  /** A driver with this limit, or one of these, has not got what the case asks for. */
  readonly limit?: DriverLimit | readonly DriverLimit[];
  run(fixture: Fixture): Promise<void>;
  /** What a driver with the limit does instead; without it, the case is skipped there. */
  refused?(fixture: Fixture): Promise<void>;
}

const groups: Readonly<Record<string, readonly Case[]>> = {
  values: valueCases,
  parameters: parameterCases,
  results: resultCases,
  statements: statementCases,
  transactions: transactionCases,
  errors: errorCases,
  cursors: cursorCases,
  interrupts: interruptCases,
  lifecycle: lifecycleCases,
  "round trip": roundTripCases,
};

/** A case as node:test takes it. */
export type ConformanceTest = readonly [
  name: string,
  options: { readonly skip: string | false },
  run: (t: TestContext) => Promise<void>,
];

/** Every case for a driver; the files register them, as Deno names tests by who does. */
export function conformance(driver: ConformanceDriver): ConformanceTest[] {
  return Object.entries(groups).flatMap(([group, cases]) =>
    cases.map((one): ConformanceTest => {
      const name = `${group}: ${one.name}`;
      const skip = reasonToSkip(driver, one);
      if (skip !== false) reportSkip(name, skip);
      return [name, { skip }, (t) => runCase(driver, one, t)];
    })
  );
}

async function runCase(driver: ConformanceDriver, one: Case, t: TestContext): Promise<void> {
  const fixture = fixtureOf(driver, t);
  await (limitOf(driver, one) === undefined ? one.run : one.refused!)(fixture);
}

/** The limit of the driver that keeps it from passing the case. */
function limitOf({ limits }: ConformanceDriver, { limit = [] }: Case): DriverLimit | undefined {
  return [limit].flat().find((one) => limits.includes(one));
}

function reasonToSkip(driver: ConformanceDriver, one: Case): string | false {
  if (driver.unavailable !== undefined) return driver.unavailable;
  const exception = driver.exceptions?.[one.name];
  if (exception !== undefined) return exception;
  const limit = one.refused === undefined ? limitOf(driver, one) : undefined;
  return limit === undefined ? false : `declared limit: ${limitTexts[limit]}`;
}

function fixtureOf(driver: ConformanceDriver, t: TestContext): Fixture {
  let directory: string | undefined;
  return {
    t,
    driver,
    async open(path = ":memory:", options = {}) {
      const connection = await driver.open(path, options);
      t.after(() => connection.close().catch(() => {}));
      return connection;
    },
    file(name = "test.db") {
      directory ??= temporaryDirectory(t);
      return join(directory, name);
    },
    has: (limit) => driver.limits.includes(limit),
  };
}
