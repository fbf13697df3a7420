import { test } from "node:test";

import { nodeSqlite3Wasm } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(nodeSqlite3Wasm)) test(name, options, run);
