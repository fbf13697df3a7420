import { test } from "node:test";

import { betterSqlite3 } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(betterSqlite3)) test(name, options, run);
