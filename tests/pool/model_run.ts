// Runs random schedules against the core pool; started by model.test.ts, in a process of its own,
// because node:test watches every promise and makes this five times slower.
import process from "node:process";
import fc from "fast-check";
import { EVENTS, PoolModel } from "./model.ts";

const { MODEL_SCHEDULES = "100000", MODEL_SEED, MODEL_PATH, MODEL_SHRINK } = process.env;

const setup = fc.nat(0xffff);
const schedule = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 40, size: "max" });

const seen = new Set<string>();

const property = fc.asyncProperty(setup, schedule, async (options, codes) => {
  const model = new PoolModel(options);
  try {
    for (const code of codes) await model.step(code);
    await model.finish();
    for (const event of model.events) seen.add(event);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${message}\nSchedule: ${model.log.join("; ")}`, { cause: error });
  }
});

const result = await fc.check(property, {
  numRuns: Number(MODEL_SCHEDULES),
  endOnFailure: MODEL_SHRINK === "no",
  ...(MODEL_SEED === undefined ? {} : { seed: Number(MODEL_SEED) }),
  ...(MODEL_PATH === undefined ? {} : { path: MODEL_PATH }),
});

// A model that never gets anywhere would keep every invariant too.
const unseen = MODEL_PATH === undefined ? EVENTS.filter((event) => !seen.has(event)) : [];

if (result.failed) {
  console.log(String(result.errorInstance));
  console.log(`An invariant broke after ${result.numRuns} schedules.`);
  console.log(
    `Replay: MODEL_SEED=${result.seed} MODEL_PATH=${result.counterexamplePath} ` +
      "npm test -- --runtime node26 tests/pool/model.test.ts",
  );
  process.exitCode = 1;
} else if (unseen.length > 0) {
  console.log(`No schedule led to: ${unseen.join(", ")}`);
  process.exitCode = 1;
} else {
  console.log(`${result.numRuns} schedules kept every invariant (seed ${result.seed})`);
}
