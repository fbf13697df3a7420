/** The suite of all drivers, on D1. */

import { test } from "node:test";

import { driver } from "./drivers/d1.ts";
import { conformanceInWorkerd } from "./harness/conformance.ts";

const cases = conformanceInWorkerd(driver, "tests/edge/drivers/d1.ts");
for (const [name, options, run] of cases) test(name, options, run);
