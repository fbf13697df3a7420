// npm run mutate: tests the tests. Plants known bugs, one at a time, in a copy of the sources; the
// test that guards against each must notice it.
//
//   npm run mutate                all of them
//   npm run mutate -- reset       those whose description contains "reset"
//   npm run mutate -- --check     none, but fails unless each can be planted

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { lanes, mapLimited } from "./lib/concurrency.ts";
import { mutants } from "./lib/mutants/all.ts";
import type { Mutant } from "./lib/mutants/mutant.ts";
import { run } from "./lib/process.ts";
import { scriptRuntime } from "./lib/runtimes.ts";

/** Subtests are indented. */
const FAILED_TEST = /^ *not ok \d+ - (.*)$/m;

/** For a bug that makes its test loop or wait forever. */
const defaultTimeoutMs = 20_000;

const workspace = mkdtempSync(join(tmpdir(), "sqlitepool-mutate-"));
process.once("exit", () => rmSync(workspace, { recursive: true, force: true, maxRetries: 5 }));

/** A copy of everything the tests need. */
function copy(name: string): string {
  const directory = join(workspace, name);
  mkdirSync(directory);
  for (const part of ["package.json", "mod.ts", "src", "adapters", "integrations", "tests"]) {
    cpSync(part, join(directory, part), { recursive: true });
  }
  // A junction needs no privileges on Windows; elsewhere it is a link like any other.
  symlinkSync(resolve("node_modules"), join(directory, "node_modules"), "junction");
  return directory;
}

/** Why a mutant no longer applies, if it does not. */
function misfit({ bug, file, find }: Mutant): string | undefined {
  const count = readFileSync(file, "utf8").split(find).length - 1;
  if (count === 1) return undefined;
  return `Mutant "${bug}" no longer applies: ${file} has ${count} of\n${find}`;
}

/** Plants a bug, and returns what takes it out again. */
function plant({ file, find, replace }: Mutant, directory: string): () => void {
  const path = join(directory, file);
  const source = readFileSync(path, "utf8");
  writeFileSync(path, source.replace(find, () => replace));
  return () => writeFileSync(path, source);
}

type Guard = Pick<Mutant, "guard" | "env" | "timeoutMs">;

/** Runs a guard up to its first failure. */
function test(directory: string, { guard, env, timeoutMs = defaultTimeoutMs }: Guard) {
  const options = ["--expose-gc", "--disable-warning=ExperimentalWarning", "--test-reporter=tap"];
  const args = [...options, join(directory, guard)];
  return run(scriptRuntime.binary, args, { env, timeoutMs, stopAt: FAILED_TEST });
}

/** The test that notices a mutant; undefined if none does. */
async function findCatcher(mutant: Mutant, directory: string): Promise<string | undefined> {
  const { guard } = mutant;
  const { problem, output } = await test(directory, mutant);
  if (problem === undefined) return undefined;
  if (problem.startsWith("still running")) return `${guard}, which never ended`;
  const failed = output.match(FAILED_TEST)?.[1];
  if (failed !== undefined) return `${guard}: ${failed}`;
  const [reason] = output.split("\n");
  const count = output.match(/^An invariant broke after (\d+ \w+)/m)?.[1];
  if (count !== undefined) return `${guard} after ${count}: ${reason}`;
  if (reason.startsWith("No schedule led to")) return `${guard}: ${reason}`;
  // Any test would catch a mutant that does not load.
  throw new Error(`Mutant "${mutant.bug}" does not run:\n${output}`);
}

const { values: options, positionals: [wanted = ""] } = parseArgs({
  allowPositionals: true,
  options: { check: { type: "boolean", default: false } },
});
const selected = mutants.filter(({ bug }) => bug.includes(wanted));
if (selected.length === 0) throw new Error(`No mutant's description contains "${wanted}".`);

const misfits = selected.map(misfit).filter((problem) => problem !== undefined);
if (misfits.length > 0) {
  console.error(misfits.join("\n"));
  process.exit(1);
}
if (options.check) process.exit(0);

/** A copy for each lane: the guards find most files compiled already, at the same paths. */
const copies = Array.from({ length: lanes }, (_, lane) => copy(String(lane)));

async function inCopy<T>(task: (directory: string) => Promise<T>): Promise<T> {
  const directory = copies.pop()!;
  try {
    return await task(directory);
  } finally {
    copies.push(directory);
  }
}

// A test that fails on the unchanged sources would catch everything.
const perGuard = Map.groupBy(selected, ({ guard, env }) => JSON.stringify([guard, env]));
const guards = [...perGuard.values()].map((guarded): Guard => {
  const limits = guarded.map(({ timeoutMs = 0 }) => timeoutMs);
  return { ...guarded[0], timeoutMs: Math.max(defaultTimeoutMs, ...limits) };
});
const broken = await mapLimited(lanes, guards, async (guard) => {
  const { problem, output } = await inCopy((directory) => test(directory, guard));
  return problem === undefined
    ? []
    : [`${guard.guard} fails without a mutant: ${problem}\n${output}`];
});
for (const line of broken.flat()) console.log(line);

let survivors = 0;
if (broken.flat().length === 0) {
  await mapLimited(lanes, selected, async (mutant) => {
    const catcher = await inCopy(async (directory) => {
      const undo = plant(mutant, directory);
      try {
        return await findCatcher(mutant, directory);
      } finally {
        undo();
      }
    });
    if (catcher === undefined) survivors += 1;
    console.log(
      catcher === undefined
        ? `SURVIVED  ${mutant.bug} (${mutant.guard} noticed nothing)`
        : `caught    ${mutant.bug} (by ${catcher})`,
    );
  });
  console.log(`\n${selected.length - survivors} of ${selected.length} mutants caught`);
}
process.exitCode = survivors === 0 && broken.flat().length === 0 ? 0 : 1;
