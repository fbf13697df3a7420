import { test } from "node:test";

import { driver } from "./drivers/durable_object.ts";
import { conformanceInWorkerd } from "./harness/conformance.ts";

const cases = conformanceInWorkerd(driver, "tests/edge/drivers/durable_object.ts");
for (const [name, options, run] of cases) test(name, options, run);
