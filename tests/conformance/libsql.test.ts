import { test } from "node:test";

import { libsql } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(libsql)) test(name, options, run);
