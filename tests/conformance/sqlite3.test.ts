import { test } from "node:test";

import { sqlite3 } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(sqlite3)) test(name, options, run);
