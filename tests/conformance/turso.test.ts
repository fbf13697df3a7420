import { test } from "node:test";

import { turso } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(turso)) test(name, options, run);
