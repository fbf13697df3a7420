/** What the project wants to reach, and whether this run did. */

import type { Figure, Results } from "./results.ts";
import { table } from "./table.ts";

type Kind = "node" | "bun" | "deno";

interface Goal {
  readonly what: string;
  /** Undefined where it was not measured. */
  readonly value: number | undefined;
  readonly limit: number;
  readonly isMost?: boolean;
}

const CALLERS = "100 callers";

export function goalsTable(results: Results): string {
  const goals = goalsOf(results).filter(({ value }) => value !== undefined);
  if (goals.length === 0) return "No goal was measured.";
  const rows = goals.map(({ what, value, limit, isMost }) => [
    what,
    value!.toFixed(2),
    `${isMost ? "at most" : "at least"} ${limit}`,
    (isMost ? value! <= limit : value! >= limit) ? "reached" : "MISSED",
  ]);
  return `Goals, ${results.runtime}\n${table([["", "here", "goal", ""], ...rows])}`;
}

export function goalsOf(results: Results): Goal[] {
  const kind = results.name.replace(/\d+$/, "") as Kind;
  const of = (limits: Record<Kind, number>): number => limits[kind];
  const find = (scenario: string, variant: RegExp, lane: string): Figure | undefined =>
    results.figures.find((figure) =>
      figure.scenario === scenario && variant.test(figure.variant) && figure.lane === lane
    );
  const ratio = (scenario: string, variant: RegExp, lane: string): number | undefined =>
    find(scenario, variant, lane)?.ratio;
  const over = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : a / b;
  const reads = (lane: string) => ratio("point-reads", /^100 /, lane);
  const load = (lane: string) => ratio("load-test", /workers$/, lane);
  const loadOurs = find("load-test", /100 workers$/, "database");
  const readers = results.figures.filter(({ scenario }) => scenario === "readers");
  const sizes = results.figures.filter(({ scenario, lane, variant }) =>
    scenario === "sizes" && lane.startsWith("database-") && /over and over/.test(variant)
  );
  const waiters = (variant: RegExp) => find("leases", variant, "pool")?.perSecond;
  return [
    {
      what: `pool.execute, point reads, ${CALLERS}, of raw`,
      value: reads("execute"),
      limit: of({ node: 0.95, bun: 0.9, deno: 0.93 }),
    },
    {
      what: `db.get, point reads, ${CALLERS}, of raw`,
      value: reads("database"),
      limit: of({ node: 0.95, bun: 0.9, deno: 0.93 }),
    },
    {
      what: `withConnection(get), ${CALLERS}, of raw`,
      value: reads("lease"),
      limit: of({ node: 0.85, bun: 0.8, deno: 0.85 }),
    },
    {
      what: `one thread, point reads, ${CALLERS}, of raw`,
      value: reads("thread"),
      limit: of({ node: 0.8, bun: 0.6, deno: 0.75 }),
    },
    {
      what: "100 rows in two threads, of raw",
      value: ratio("hundred-rows", /./, "threads"),
      limit: of({ node: 1.5, bun: 1, deno: 1.3 }),
    },
    {
      what: "durable writes, of one transaction each",
      value: ratio("durable-writes", /^one/, "database"),
      limit: 25,
    },
    {
      what: "durable batches, of one transaction each",
      value: ratio("durable-writes", /^batch/, "database"),
      limit: 8,
    },
    {
      what: "durable write(fn), of one transaction each",
      value: ratio("durable-writes", /^transaction/, "database"),
      limit: 5,
    },
    {
      what: "load test: pool, of opened per request",
      value: over(load("pool"), load("open-per-request")),
      limit: 30,
    },
    {
      what: "load test: pool, of aiosqlitepool",
      value: over(load("pool"), load("aiosqlitepool")),
      limit: 60,
    },
    {
      what: "load test: p99 / p50",
      value: over(loadOurs?.detail?.p99, loadOurs?.detail?.p50),
      limit: 3,
      isMost: true,
    },
    {
      what: "64 readers, of the best number of readers",
      value: over(
        readers.find(({ lane }) => lane === "readers-64")?.ratio,
        readers.length === 0 ? undefined : Math.max(...readers.map((each) => each.ratio ?? 0)),
      ),
      limit: 0.9,
    },
    {
      what: "cost of a warm point read, largest / smallest database",
      value: sizes.length < 2 ? undefined : over(sizes[0].ratio, sizes.at(-1)!.ratio),
      limit: 1.3,
      isMost: true,
    },
    {
      what: "cost of a waiter, 10,000 / 10",
      value: over(waiters(/^10 /), waiters(/^10,000/)),
      limit: 1.5,
      isMost: true,
    },
    ...rivalGoals(results),
  ];
}

/** Not pools or clients: bare handles without promises, and a promise without a handle. */
const BARE: readonly string[] = ["raw", "await", "better-sqlite3"];

/** First among pools and clients in every scenario that compares them. */
function rivalGoals({ figures, scenarios }: Results): Goal[] {
  const compared = figures.filter(({ lane, scenario }) =>
    !BARE.includes(lane) && BARE.some((bare) => scenarios[scenario].lanes[bare] !== undefined)
  );
  const variants = new Set(compared.map(({ scenario, variant }) => `${scenario}\n${variant}`));
  return [...variants].flatMap((key): Goal[] => {
    const [scenario, variant] = key.split("\n");
    const here = compared.filter((figure) =>
      figure.scenario === scenario && figure.variant === variant && figure.ratio !== undefined
    );
    const isOurs = ({ lane }: Figure): boolean => scenarios[scenario].lanes[lane].ours === true;
    const best = (list: Figure[]): Figure | undefined =>
      list.toSorted((a, b) => b.ratio! - a.ratio!)[0];
    const ours = best(here.filter(isOurs));
    const theirs = best(here.filter((figure) => !isOurs(figure)));
    if (ours === undefined || theirs === undefined) return [];
    const title = scenarios[scenario].title;
    return [{
      what: `${title}, ${variant}: of the best rival (${
        scenarios[scenario].lanes[theirs.lane].title
      })`,
      value: ours.ratio! / theirs.ratio!,
      limit: scenario === "point-reads" ? 4 : 1,
    }];
  });
}
