import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { runScript } from "../helpers/runtime.ts";

const schedules = process.env.MODEL_SCHEDULES ?? "100000";

test(`${schedules} random schedules keep every invariant of the pool`, async () => {
  const { code, stdout, stderr } = await runScript("tests/pool/model_run.ts");
  assert.equal(code, 0, stdout + stderr);
});
