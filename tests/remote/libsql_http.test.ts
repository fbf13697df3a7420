import { test } from "node:test";

import { conformance } from "../conformance/suite.ts";
import { clientDriver } from "./helpers/client_driver.ts";

for (const [name, options, run] of conformance(clientDriver("http"))) test(name, options, run);
