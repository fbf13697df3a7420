/** What runs the conformance suite inside workerd: a case that fails there is heard of here. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { skipFor } from "../helpers/skip_reasons.ts";
import { conformanceInWorkerd } from "./harness/conformance.ts";
import { driver } from "./harness/failing_driver.ts";
import { noWorkerd } from "./harness/workerd.ts";

const name = "a case that fails inside workerd fails outside, with its reason";

const cases = conformanceInWorkerd(driver, "tests/edge/harness/failing_driver.ts");
test(name, skipFor(name, noWorkerd), async (t) => {
  const runOf = (wanted: string) => cases.find(([one]) => one === wanted)![2];
  await assert.rejects(runOf("values: null comes back")(t), {
    message: /inside workerd: Error: :memory:: CASES DB0 DB1 DB2 DB3 ROUND_TRIPS SELF\n/,
  });
  // Any error will do for this one.
  await runOf("errors: a directory that does not exist: SQLITE_CANTOPEN")(t);
});
