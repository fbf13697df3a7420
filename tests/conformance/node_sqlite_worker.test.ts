import { test } from "node:test";

import { nodeSqliteWorker } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(nodeSqliteWorker)) test(name, options, run);
