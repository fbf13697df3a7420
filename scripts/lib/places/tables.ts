// The tables of docs/places.md.

import { PLACES, type RuntimeFacts } from "./places.ts";
import { methods } from "./probe.ts";

/** By runtime, in the order of the tables. */
export type Report = ReadonlyMap<string, RuntimeFacts>;

const NO = "-";

export function tablesOf(report: Report): string {
  const head = (first: string): string[] => [
    `| ${[first, ...PLACES].join(" | ")} |`,
    `|${" --- |".repeat(PLACES.length + 1)}`,
  ];
  const runtimes = [...report].map(([runtime, facts]) => {
    const cells = PLACES.map((place) => facts[place] === undefined ? NO : "yes");
    return `| ${[runtime, ...cells].join(" | ")} |`;
  });
  const calls = methods.map((method) => {
    const cells = PLACES.map((place) => cellOf(report, method, place));
    return `| ${[method, ...cells].join(" | ")} |`;
  });
  return [...head("Runtime"), ...runtimes, "", ...head("Method"), ...calls].join("\n");
}

/** "yes" where the place can do it on each runtime that has it, otherwise the runtimes. */
function cellOf(report: Report, method: string, place: string): string {
  const having = [...report].filter(([, facts]) => facts[place] !== undefined);
  const able = having.filter(([, facts]) => facts[place]![method]).map(([runtime]) => runtime);
  if (able.length === 0) return NO;
  return able.length === having.length ? "yes" : able.join(", ");
}

/** What the tables say of one runtime, in the order of its probe. */
export function factsIn(page: string, runtime: string): RuntimeFacts {
  const rows = page.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const rowOf = (name: string): string[] =>
    rows.find(([first]) => first.replaceAll("`", "") === name)?.slice(1) ?? [];
  const says = (cell: string | undefined): boolean =>
    cell === "yes" || (cell?.split(", ").includes(runtime) ?? false);
  const here = rowOf(runtime);
  const entries = PLACES.map((place, i) => {
    const facts = methods.map((method) => [method, says(rowOf(method)[i])]);
    return [place, says(here[i]) ? Object.fromEntries(facts) : undefined];
  });
  return Object.fromEntries(entries);
}
