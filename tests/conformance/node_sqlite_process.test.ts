import { test } from "node:test";

import { nodeSqliteProcess } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(nodeSqliteProcess)) test(name, options, run);
