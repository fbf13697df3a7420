import { test } from "node:test";

import { bunSqliteWorker } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(bunSqliteWorker)) test(name, options, run);
