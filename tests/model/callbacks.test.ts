import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { runScript } from "../helpers/runtime.ts";

const programs = process.env.CALLBACK_PROGRAMS ?? "1000";

test(`after ${programs} random programs whose callbacks misbehave nothing is lost and all is idle`, async () => {
  const { code, stdout, stderr } = await runScript("tests/model/callbacks/run.ts");
  assert.equal(code, 0, stdout + stderr);
});
