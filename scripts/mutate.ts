// npm run mutate: the tests of the tests. Plants known bugs, one at a time, in a copy of the pool;
// the model or the unit test that is meant to must notice each of them.
//
//   npm run mutate                all of them
//   npm run mutate -- reset       those whose description contains "reset"

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";

import { mapLimited } from "./lib/concurrency.ts";
import { type Mutant, mutants } from "./lib/mutants.ts";
import { run } from "./lib/process.ts";
import { scriptRuntime } from "./lib/runtimes.ts";

const lanes = 2;

// Fixed, so that a bug that is caught today is not missed tomorrow by chance. Most fall within a
// hundred schedules: how many it took is printed, and should stay far below the limit.
const model = { MODEL_SEED: "1", MODEL_SCHEDULES: "10000", MODEL_SHRINK: "no" };
const MODEL = "model_run.ts";

/** For a bug that makes the pool loop or wait for ever. */
const timeoutMs = 20_000;

const workspace = mkdtempSync(join(tmpdir(), "sqlitepool-mutate-"));
process.once("exit", () => rmSync(workspace, { recursive: true, force: true, maxRetries: 5 }));

/** A copy of what the tests of the pool need. */
function copy(name: string): string {
  const directory = join(workspace, name);
  mkdirSync(directory);
  for (const part of ["package.json", "src/platform", "src/pool", "tests/helpers", "tests/pool"]) {
    cpSync(part, join(directory, part), { recursive: true });
  }
  // A junction needs no privileges on Windows; elsewhere it is a link like any other.
  symlinkSync(resolve("node_modules"), join(directory, "node_modules"), "junction");
  return directory;
}

function plant({ bug, file, find, replace }: Mutant, directory: string): void {
  const path = join(directory, "src/pool", file);
  const source = readFileSync(path, "utf8");
  const count = source.split(find).length - 1;
  if (count !== 1) {
    throw new Error(`Mutant "${bug}" no longer applies: ${file} has ${count} of\n${find}`);
  }
  writeFileSync(path, source.replace(find, () => replace));
}

function test(directory: string, guard: string) {
  const args = ["--expose-gc", join(directory, "tests/pool", guard)];
  return run(scriptRuntime.binary, args, { env: model, timeoutMs });
}

/** What notices a mutant; undefined when nothing does. */
async function findCatcher(mutant: Mutant, directory: string): Promise<string | undefined> {
  const guard = mutant.guard ?? MODEL;
  const { problem, output } = await test(directory, guard);
  if (problem === undefined) return undefined;
  if (problem.startsWith("still running")) return `${guard}, which never ended`;
  const failed = output.match(/^. fail ([1-9]\d*)$/m)?.[1];
  if (failed !== undefined) return `${failed} of ${guard}`;
  const [reason] = output.split("\n");
  const schedules = output.match(/^An invariant broke after (\d+) schedules/m)?.[1];
  if (schedules !== undefined) return `the model after ${schedules}: ${reason}`;
  if (reason.startsWith("No schedule led to")) return `the model: ${reason}`;
  // A mutant that does not even load would be caught by anything.
  throw new Error(`Mutant "${mutant.bug}" does not run:\n${output}`);
}

const [wanted = ""] = process.argv.slice(2);
const selected = mutants.filter(({ bug }) => bug.includes(wanted));
if (selected.length === 0) throw new Error(`No mutant's description contains "${wanted}".`);

const directories = selected.map((mutant, index) => {
  const directory = copy(String(index));
  plant(mutant, directory);
  return directory;
});

// A guard that fails on the pool as it is would catch everything.
const sound = copy("sound");
const guards = [...new Set(selected.map(({ guard = MODEL }) => guard))];
const broken = await mapLimited(lanes, guards, async (guard) => {
  const { problem, output } = await test(sound, guard);
  return problem === undefined ? [] : [`${guard} fails without a mutant: ${problem}\n${output}`];
});
for (const line of broken.flat()) console.log(line);

let survivors = 0;
if (broken.flat().length === 0) {
  await mapLimited(lanes, selected, async (mutant) => {
    const catcher = await findCatcher(mutant, directories[selected.indexOf(mutant)]);
    if (catcher === undefined) survivors += 1;
    console.log(
      catcher === undefined
        ? `SURVIVED  ${mutant.bug} (${mutant.guard ?? "the model"} noticed nothing)`
        : `caught    ${mutant.bug} (by ${catcher})`,
    );
  });
  console.log(`\n${selected.length - survivors} of ${selected.length} mutants caught`);
}
process.exitCode = survivors === 0 && broken.flat().length === 0 ? 0 : 1;
