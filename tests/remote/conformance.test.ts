/** The suite of all drivers, on a stream of a real libSQL server. */

import { test } from "node:test";

import { conformance } from "../conformance/suite.ts";
import { remote } from "./helpers/remote_driver.ts";

for (const [name, options, run] of conformance(remote)) test(name, options, run);
