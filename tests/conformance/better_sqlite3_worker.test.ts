import { test } from "node:test";

import { betterSqlite3Worker } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(betterSqlite3Worker)) test(name, options, run);
