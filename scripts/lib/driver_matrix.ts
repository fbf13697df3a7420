// The generated part of docs/drivers.md, from the reports of the conformance suite.

import { type DriverLimit, limitTexts } from "../../adapters/limits.ts";
import type { DriverFacts } from "./driver_facts.ts";
import type { RuntimeReport } from "./matrix.ts";

/** A driver, the file that tests it, and where it comes from. */
export interface DriverRow {
  readonly name: string;
  readonly file: string;
  readonly origin: string;
}

/** What one runtime reports, by driver name. */
export type RuntimeFacts = Readonly<Record<string, DriverFacts>>;

/** What the runtimes report, by runtime name. */
export type Facts = ReadonlyMap<string, RuntimeFacts>;

export function matrixTable(rows: readonly DriverRow[], reports: readonly RuntimeReport[]): string {
  const head = ["driver", ...reports.map(({ runtime, version }) => `${runtime} ${version}`)];
  const lines = rows.map((row) => [
    `${row.name} (${row.origin})`,
    ...reports.map((report) => cell(report, row)),
  ]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function cell({ files }: RuntimeReport, { file }: DriverRow): string {
  const report = files.find((candidate) => candidate.file === file);
  const count = (status: string) =>
    report?.results.filter((result) => result.status === status).length ?? 0;
  const failed = count("failed") + (report?.problem === undefined ? 0 : 1);
  if (count("passed") + failed === 0) return "-";
  const parts = [`${count("passed")} passed`];
  if (failed > 0) parts.push(`**${failed} failed**`);
  if (count("skipped") > 0) parts.push(`${count("skipped")} skipped`);
  return parts.join(", ");
}

/** Each reason with the runtimes it applies to, as a list. */
export function skippedList(rows: readonly DriverRow[], facts: Facts): string {
  return rows.flatMap(({ name }) => {
    const perReason = new Map<string, string[]>();
    for (const [runtime, drivers] of facts) {
      for (const [reason, count] of Object.entries(drivers[name]?.skipped ?? {})) {
        perReason.set(reason, [...perReason.get(reason) ?? [], `${count} on ${runtime}`]);
      }
    }
    return [...perReason].map(([reason, counts]) => `- ${name}: ${reason} (${counts.join(", ")})`);
  }).join("\n");
}

/** The limits of each driver, as sections. */
export function limitSections(rows: readonly DriverRow[], facts: Facts): string {
  return rows.map(({ name }) => {
    const perLimit = new Map<DriverLimit, string[]>();
    const known = [...facts].filter(([, drivers]) => drivers[name] !== undefined);
    for (const [runtime, drivers] of known) {
      for (const limit of drivers[name].limits) {
        perLimit.set(limit, [...perLimit.get(limit) ?? [], runtime]);
      }
    }
    const lines = [...perLimit].map(([limit, runtimes]) => {
      const where = runtimes.length === known.length ? "" : ` (on ${runtimes.join(" and ")})`;
      return `- ${limitTexts[limit]}${where}`;
    });
    return [`### ${name}`, "", ...(lines.length === 0 ? ["None."] : lines)].join("\n");
  }).join("\n\n");
}
