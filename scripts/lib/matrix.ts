// Runs test files on runtimes, each file in its own process, so that a crash, a hang or a failed
// import fails only that file, and every runtime reports in the same way.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { mapLimited } from "./concurrency.ts";
import { parseJUnit, type TestResult } from "./junit.ts";
import { run } from "./process.ts";
import { fileTimeoutMs, type Runtime, runtimeVersion, testArguments } from "./runtimes.ts";

export interface FileReport {
  readonly file: string;
  readonly results: readonly TestResult[];
  /** What went wrong outside the tests: a crash, a timeout, no report, no tests. */
  readonly problem: string | undefined;
  readonly output: string;
  readonly ms: number;
}

export interface RuntimeReport {
  readonly runtime: string;
  readonly version: string;
  readonly files: readonly FileReport[];
  /** The time of all files together, as if they had run one after the other. */
  readonly ms: number;
}

/** Called while the files run. */
export interface MatrixListener {
  onFile?(runtime: Runtime, report: FileReport): void;
  /** Called when all files of a runtime have run. */
  onRuntime?(report: RuntimeReport): void;
}

/**
 * Runs files on runtimes, `lanes` files at a time. All files of all runtimes wait in one queue, so
 * that no lane idles while another still has a whole runtime to run.
 */
export async function runMatrix(
  runtimes: readonly Runtime[],
  filesOf: (runtime: Runtime) => readonly string[],
  lanes: number,
  { onFile, onRuntime }: MatrixListener = {},
): Promise<RuntimeReport[]> {
  const runs = await Promise.all(runtimes.map(async (runtime) => {
    const files = filesOf(runtime).map((file, place) => ({ file, place }));
    return { runtime, files, version: await runtimeVersion(runtime), reports: [] as FileReport[] };
  }));
  const jobs = runs.flatMap((run) => run.files.map((file) => ({ run, ...file })));
  await mapLimited(lanes, jobs, async ({ run, file, place }) => {
    const report = await runFile(run.runtime, file);
    run.reports[place] = report;
    onFile?.(run.runtime, report);
    // A sparse array has keys only for completed files.
    if (Object.keys(run.reports).length === run.files.length) onRuntime?.(runtimeReport(run));
  });
  return runs.map(runtimeReport);
}

function runtimeReport({ runtime, version, reports }: {
  readonly runtime: Runtime;
  readonly version: string;
  readonly reports: readonly FileReport[];
}): RuntimeReport {
  const ms = reports.reduce((sum, report) => sum + report.ms, 0);
  return { runtime: runtime.name, version, files: reports, ms };
}

/** Each file has its own temporary directory, which is removed after it. */
async function runFile(runtime: Runtime, file: string): Promise<FileReport> {
  const directory = mkdtempSync(join(tmpdir(), `sqlitepool-${runtime.name}-`));
  const removeDirectory = () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  // When the runner is interrupted.
  process.once("exit", removeDirectory);
  try {
    return await runFileIn(directory, runtime, file);
  } finally {
    process.off("exit", removeDirectory);
    removeDirectory();
  }
}

async function runFileIn(directory: string, runtime: Runtime, file: string): Promise<FileReport> {
  const junit = join(directory, "junit.xml");
  const unhandled = join(directory, "unhandled.txt");
  const reasons = join(directory, "skip_reasons.txt");
  // The first is for Unix, the others are for Windows.
  const temporary = { TMPDIR: directory, TEMP: directory, TMP: directory };
  const { problem, output, ms } = await run(runtime.binary, testArguments(runtime, file, junit), {
    env: { ...temporary, UNHANDLED_ERRORS: unhandled, SKIP_REASONS: reasons },
    timeoutMs: fileTimeoutMs,
  });
  const { results: reported, unreadable } = readResults(junit, file);
  const results = withReasons(reported, reasons);
  // A failed test explains a bad exit code; otherwise the file itself has failed.
  const explained = results.some(isExplanation);
  const unexplained = explained ? undefined : problem ?? readUnhandled(unhandled);
  const empty = results.length === 0 ? "no tests" : undefined;
  return { file, results, output, problem: unexplained ?? unreadable ?? empty, ms };
}

/** Adds the reasons of skipped tests, if the runtime does not report them. */
function withReasons(results: readonly TestResult[], path: string): readonly TestResult[] {
  if (!existsSync(path)) return results;
  const lines = readFileSync(path, "utf8").trim().split("\n");
  const reasons = new Map(lines.map((line): [string, string] => JSON.parse(line)));
  return results.map((result) =>
    result.status === "skipped" && result.message === ""
      ? { ...result, message: reasons.get(result.name) ?? "" }
      : result
  );
}

/** Node reports tests as cancelled when a hook of their suite fails: the reason is in its output. */
function isExplanation({ status, message }: TestResult): boolean {
  return status === "failed" && !message.includes("cancelledByParent");
}

function readUnhandled(path: string): string | undefined {
  return existsSync(path) ? `unhandled: ${readFileSync(path, "utf8").trim()}` : undefined;
}

function readResults(
  junit: string,
  file: string,
): { results: TestResult[]; unreadable: string | undefined } {
  if (!existsSync(junit)) {
    return { results: [], unreadable: "no report: it has no tests, or ended before they did" };
  }
  try {
    return { results: parseJUnit(readFileSync(junit, "utf8"), file), unreadable: undefined };
  } catch (error) {
    return { results: [], unreadable: `unreadable report: ${(error as Error).message}` };
  }
}
