import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { runScript } from "../helpers/runtime.ts";

const programs = process.env.OUTCOME_PROGRAMS ?? "20000";

test(`after ${programs} random programs of writes everything is in the file as it was reported`, async () => {
  const { code, stdout, stderr } = await runScript("tests/model/outcomes/run.ts");
  assert.equal(code, 0, stdout + stderr);
});
