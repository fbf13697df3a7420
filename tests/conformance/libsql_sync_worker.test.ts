import { test } from "node:test";

import { libsqlSyncWorker } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(libsqlSyncWorker)) test(name, options, run);
