// Files of unknown origin, damaged and made to do harm. The nightly run sets HOSTILE_FILES=2000;
// SEED repeats a run.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { openDatabase } from "../../mod.ts";
import { nativeDriver } from "../helpers/drivers.ts";
import { onNewestNode, runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { mutant, MUTATION_NAMES } from "./mutations.ts";
import { makeSpecimen } from "./specimen.ts";
import { type Opening, summary, type Trial, type TrialResult, tryFiles } from "./trial.ts";

// The older Nodes run the same code on the same driver: there one file of each kind is enough.
const isOlderNode = runtimeName() === "node" && !onNewestNode;
const FILES = Number(process.env.HOSTILE_FILES ?? MUTATION_NAMES.length * (isOlderNode ? 1 : 2));
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
/** Far more than any file takes: only what hangs takes longer. */
const HANG_MS = 60_000;

/** Tries files and says what came of them. Crashes and hangs are for the caller to judge. */
async function attack(
  t: TestContext,
  execution: string,
  opening: Opening,
  files: number = FILES,
): Promise<TrialResult> {
  const directory = temporaryDirectory(t);
  makeSpecimen(nativeDriver, directory);
  const trial: Trial = { directory, execution, opening, seed: SEED, files, hangMs: HANG_MS };
  const result = await tryFiles(trial);
  console.log(summary(trial, result));
  assert.deepEqual(result.untyped, [], `SEED=${SEED}`);
  assert.equal(result.reports + result.crashes.length + result.hangs.length, files);
  return result;
}

test("the specimen is a sound database, and its mutants are others, the same for the same seed", async (t) => {
  const directory = temporaryDirectory(t);
  const specimen = makeSpecimen(nativeDriver, directory);
  const before = structuredClone(specimen);
  const mutants = MUTATION_NAMES.map((_, number) => mutant(specimen, 1, number));
  assert.deepEqual(MUTATION_NAMES.map((_, number) => mutant(specimen, 1, number)), mutants);
  assert.deepEqual(specimen, before, "a mutation has changed the specimen");
  for (const { name, file, log } of mutants) {
    const differs = !Buffer.from(file).equals(specimen.file) ||
      (log !== undefined && !Buffer.from(log).equals(specimen.log));
    assert.ok(differs, `${name} has changed nothing`);
  }
  const db = await openDatabase(join(directory, "specimen.db"), { untrusted: true });
  t.after(() => db.close());
  assert.equal(await db.value("SELECT count(*) FROM people"), 170);
  assert.deepEqual(await db.values("PRAGMA integrity_check"), [["ok"]]);
});

test("hostile files inline: every error has a type, and only what never ends blocks", async (t) => {
  const { hangs } = await attack(t, "inline", "untrusted");
  for (const { endless, ...hang } of hangs) assert.ok(endless, JSON.stringify(hang));
});

test("hostile files opened read-only without a check: every error has a type", async (t) => {
  await attack(t, "inline", "readonly");
});

test("hostile files in threads: every error has a type, and every call ends", async (t) => {
  // Each starts a thread.
  const { hangs } = await attack(t, "worker", "untrusted", Math.ceil(FILES / 2));
  assert.deepEqual(hangs, [], `SEED=${SEED}`);
});

test("hostile files in processes: no crash, no hang, and every error has a type", async (t) => {
  const { crashes, hangs } = await attack(t, "process", "untrusted");
  assert.deepEqual([crashes, hangs], [[], []], `SEED=${SEED}`);
});

test("a sound file of unknown origin loses no process: its limit of memory is for statements", async (t) => {
  const directory = temporaryDirectory(t);
  makeSpecimen(nativeDriver, directory);
  // Each is a process of its own, whose threads start while the file is opened.
  for (let round = 0; round < 8; round++) {
    const db = await openDatabase(join(directory, "specimen.db"), {
      untrusted: true,
      execution: "process",
      readers: 1,
    });
    try {
      assert.equal((await db.all("SELECT * FROM people")).length, 170);
    } finally {
      await db.close();
    }
  }
});
