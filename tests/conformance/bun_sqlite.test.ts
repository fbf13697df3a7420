import { test } from "node:test";

import { bunSqlite } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(bunSqlite)) test(name, options, run);
