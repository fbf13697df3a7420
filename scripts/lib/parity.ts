// The same tests must exist on every runtime that runs their file: a test that silently disappears
// from one of them would look like a pass.

import type { RuntimeReport } from "./matrix.ts";

/**
 * Returns one line for each test that is missing on a runtime, or occurs there less often than on
 * another.
 */
export function findMissingTests(reports: readonly RuntimeReport[]): string[] {
  const lines: string[] = [];
  const broken = new Set(reports.flatMap(({ files }) => files).filter(hasProblem).map(fileOf));
  for (const file of new Set(reports.flatMap(({ files }) => files).map(fileOf))) {
    // A broken file is already reported, and its list of tests is incomplete.
    if (broken.has(file)) continue;
    const counts = reports.filter(({ files }) => files.some((report) => report.file === file))
      .map((report) => ({ ...report, tests: countTests(report, file) }));
    for (const name of new Set(counts.flatMap(({ tests }) => [...tests.keys()]))) {
      const most = Math.max(...counts.map(({ tests }) => tests.get(name) ?? 0));
      const missing = counts.filter(({ tests }) => (tests.get(name) ?? 0) < most);
      if (missing.length > 0) {
        lines.push(
          `${file} > ${name}: missing on ${missing.map(({ runtime }) => runtime).join(", ")}`,
        );
      }
    }
  }
  return lines;
}

function countTests({ files }: RuntimeReport, file: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of files.find((report) => report.file === file)?.results ?? []) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const hasProblem = ({ problem }: { problem: string | undefined }) => problem !== undefined;
const fileOf = ({ file }: { file: string }) => file;
