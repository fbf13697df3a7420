import { test } from "node:test";

import { nodeSqlite } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(nodeSqlite)) test(name, options, run);
