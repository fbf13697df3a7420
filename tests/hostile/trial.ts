/** Lets children open hostile files, and starts another where one crashes or hangs. */

import { spawn } from "node:child_process";
import process from "node:process";
import { runtimeCommand } from "../helpers/runtime.ts";

/** How files are opened. */
export type Opening = "untrusted" | "readonly";

/** What was done with a file, and "ok" or the name of the error. */
export type Step = [name: string, outcome: string];

/** A file that is going to be opened. */
export interface Announcement {
  /** What was done to it. */
  readonly name: string;
  readonly endless: boolean;
}

/** All that was done with a file. */
export type FileReport = Step[];

/** What is to be tried. */
export interface Trial {
  /** Where the specimen is. */
  readonly directory: string;
  readonly execution: string;
  readonly opening: Opening;
  readonly seed: number;
  readonly files: number;
  /** A child that says nothing for so long hangs. */
  readonly hangMs: number;
}

/** A file whose child did not live to report. */
export interface Loss {
  readonly number: number;
  readonly mutation: string;
  /** Whether reading the file takes for ever, whatever is done. */
  readonly endless: boolean;
  readonly how: string;
}

/** What came of a trial. */
export interface TrialResult {
  readonly crashes: Loss[];
  readonly hangs: Loss[];
  /** Steps that ended with an error which is none of this package. */
  readonly untyped: Loss[];
  /** How often each outcome occurred, by mutation and by step. */
  readonly outcomes: Map<string, number>;
  /** How many files were opened. */
  opened: number;
  reports: number;
}

/** How long a statement that never ends may show that it does not. */
const LOST_MS = 500;

/** Tries all files, in as many children as it takes. */
export async function tryFiles(trial: Trial): Promise<TrialResult> {
  const result: TrialResult = {
    crashes: [],
    hangs: [],
    untyped: [],
    outcomes: new Map(),
    opened: 0,
    reports: 0,
  };
  for (let next = 0; next < trial.files;) next = await runChild(trial, next, result);
  return result;
}

/** Runs one child from a file on. Returns the number of the next file. */
function runChild(trial: Trial, first: number, result: TrialResult): Promise<number> {
  const { directory, execution, opening, seed, files, hangMs } = trial;
  const [command, ...args] = runtimeCommand("tests/hostile/child.ts", [
    ...[directory, execution, opening, String(seed), String(first), String(files)],
  ]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: process.env });
    let next = first;
    let announced: Announcement | undefined;
    let hung = false;
    let rest = "";
    let problem = "";
    const watch = (ms: number): NodeJS.Timeout =>
      setTimeout(() => {
        hung = true;
        child.kill("SIGKILL");
      }, ms);
    let timer = watch(hangMs);
    const hear = (line: string): void => {
      if (child.killed) return;
      clearTimeout(timer);
      const space = line.indexOf(" ");
      const number = Number(line.slice(0, space));
      const told: Announcement | FileReport = JSON.parse(line.slice(space + 1));
      // Inline, nothing can be done about what never ends.
      const isLost = !Array.isArray(told) && told.endless && execution === "inline";
      timer = watch(isLost ? LOST_MS : hangMs);
      if (!Array.isArray(told)) announced = told;
      else {
        judge(result, number, announced!, told);
        announced = undefined;
        next = number + 1;
        // The thread of a statement that never ends is left to be killed.
        const isBusy = execution === "worker" &&
          told.some(([, outcome]) => outcome === "QueryTimeoutError");
        if (next === files || isBusy) child.kill("SIGKILL");
      }
    };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      lines.forEach(hear);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => problem += chunk);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (announced === undefined && next === first) {
        return reject(new Error(`The child did not start (${code ?? signal}): ${problem}`));
      }
      if (announced === undefined) return resolve(next);
      const how = hung ? "said nothing" : `${code ?? signal} ${problem.slice(-400)}`;
      (hung ? result.hangs : result.crashes).push({ ...lossOf(next, announced), how });
      resolve(next + 1);
    });
  });
}

function lossOf(number: number, { name, endless }: Announcement): Omit<Loss, "how"> {
  return { number, mutation: name, endless };
}

function judge(
  result: TrialResult,
  number: number,
  announced: Announcement,
  report: FileReport,
): void {
  result.reports += 1;
  for (const [step, outcome] of report) {
    const untyped = outcome.startsWith("untyped");
    if (untyped) result.untyped.push({ ...lossOf(number, announced), how: `${step}: ${outcome}` });
    const key = `${step}: ${untyped ? "untyped" : outcome}`;
    result.outcomes.set(key, (result.outcomes.get(key) ?? 0) + 1);
  }
  if (report[0][1] === "ok") result.opened += 1;
}

/** One line for people. */
export function summary({ execution, opening, seed, files }: Trial, result: TrialResult): string {
  const { opened, crashes, hangs, untyped, outcomes } = result;
  const counts = [...outcomes].sort().map(([outcome, count]) => `${outcome} ${count}`).join(", ");
  return `SEED=${seed} ${opening}, ${execution}: ${files} files, ${opened} opened, ` +
    `${crashes.length} crashes, ${hangs.length} hangs, ${untyped.length} untyped errors (${counts})`;
}
