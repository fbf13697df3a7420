import { test } from "node:test";

import { libsqlSync } from "./drivers.ts";
import { conformance } from "./suite.ts";

for (const [name, options, run] of conformance(libsqlSync)) test(name, options, run);
