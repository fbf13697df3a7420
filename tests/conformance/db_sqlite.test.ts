import { test } from "node:test";

import { dbSqlite } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(dbSqlite)) test(name, options, run);
