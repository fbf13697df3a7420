import { test } from "node:test";

import { bunSqliteProcess } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(bunSqliteProcess)) test(name, options, run);
