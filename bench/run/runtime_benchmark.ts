/** All scenarios on one runtime. */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { type Runtime, runtimeVersion } from "../../scripts/lib/runtimes.ts";
import { entries, type Entry } from "../contenders/catalog.ts";
import { pythonCommand, pythonEnvironment } from "../contenders/python/command.ts";
import { copyDatabase } from "../dataset/copies.ts";
import { cacheFolder, databaseAt } from "../dataset/generate.ts";
import { rowsAt } from "../dataset/schema.ts";
import { describeMachine } from "../report/machine.ts";
import { laneInfos } from "../report/lanes.ts";
import { type Figure, type Results, saveResults, type ScenarioInfo } from "../report/results.ts";
import { correctnessTable, variantTable } from "../report/table.ts";
import { scenarioOf } from "../scenarios/catalog.ts";
import { lanesWithout } from "../scenarios/databases.ts";
import type { Lane, Scenario } from "../scenarios/scenario.ts";
import { CORRECTNESS, type Options } from "./options.ts";
import { print, progress } from "./progress.ts";
import type { Assignment } from "./protocol.ts";
import { Rounds } from "./rounds.ts";
import { type Command, Session } from "./session.ts";
import { type Player, startPlayer } from "./turns.ts";

/** Large enough for every contender; correctness needs no more. */
const SMALL = 0.001;
/** A quarter of the database, since every contender that writes has a copy of its own. */
const LARGEST_COPY = 0.25;
/** 10 MB, 42 MB, 212 MB and the whole, as far as the scale of the run goes. */
const SIZES: readonly number[] = [0.012, 0.05, 0.25, 1];

type Correctness = Results["correctness"];

export class RuntimeBenchmark {
  readonly #runtime: Runtime;
  readonly #options: Options;
  readonly #env: NodeJS.ProcessEnv;
  /** Where contenders have their copies. On the disk of the cache: a sync must reach one. */
  readonly #copies = join(cacheFolder(), `copies-${process.pid}`);

  constructor(runtime: Runtime, options: Options, env: NodeJS.ProcessEnv) {
    this.#runtime = runtime;
    this.#options = options;
    this.#env = env;
    process.on("exit", () => this.#removeCopies());
  }

  #removeCopies(): void {
    rmSync(this.#copies, { recursive: true, force: true });
  }

  async run(): Promise<Results> {
    const { scale, rounds, turnMs, output } = this.#options;
    const scenarios: Record<string, ScenarioInfo> = {};
    const figures: Figure[] = [];
    let correctness: Correctness = {};
    const results = (runtime: string): Results => ({
      name: this.#runtime.name,
      runtime,
      date: new Date().toISOString().slice(0, 10),
      machine: describeMachine(),
      scale,
      rounds,
      turnMs,
      scenarios,
      figures,
      correctness,
    });
    const runtime = `${titles[this.#runtime.kind]} ${await runtimeVersion(this.#runtime)}`;
    const { cpu, cores } = describeMachine();
    print(
      `\n=== ${runtime} on ${cores} x ${cpu}, scale ${scale}, ${rounds} rounds of ${turnMs} ms`,
    );
    for (const name of this.#options.scenarios) {
      mkdirSync(this.#copies, { recursive: true });
      if (name === CORRECTNESS) {
        correctness = await this.#examine();
        print(`\n${correctnessTable(laneInfos(this.#lanes(entries)), correctness)}`);
      } else {
        const scenario = scenarioOf(name);
        const lanes = this.#lanes(scenario.lanes(this.#sizes()));
        scenarios[name] = {
          title: scenario.title,
          unit: scenario.unit,
          scale: this.#scaleOf(scenario),
          lanes: laneInfos(lanes),
        };
        figures.push(...await this.#play(scenario, lanes, scenarios[name]));
      }
      // Whoever interrupts the benchmark keeps what there is.
      saveResults(output, results(runtime));
    }
    this.#removeCopies();
    return results(runtime);
  }

  /** Those that were asked for, and the baseline. */
  #lanes<T extends Lane>(lanes: readonly T[]): readonly T[] {
    const { contenders } = this.#options;
    const isContender = (lane: Lane): boolean => entries.includes(lane as Entry);
    return lanes.filter((lane, index) =>
      index === 0 || contenders.length === 0 || !isContender(lane) || contenders.includes(lane.id)
    );
  }

  #sizes(): readonly number[] {
    const sizes = SIZES.filter((size) => size < this.#options.scale);
    return [...sizes, this.#options.scale];
  }

  async #play(
    scenario: Scenario,
    lanes: readonly Lane[],
    info: ScenarioInfo,
  ): Promise<Figure[]> {
    const start = (lane: Lane): Promise<Player> =>
      startPlayer(scenario, this.#command(lane), this.#assignment(scenario, lane));
    const rounds = await Rounds.open(scenario, lanes, this.#options, start, progress);
    const all: Figure[] = [];
    try {
      for (const { name } of scenario.variants) {
        const figures = await rounds.play(name);
        all.push(...figures);
        print(`\n${variantTable(info, name, figures, scenario.details ?? [])}`);
      }
    } finally {
      await rounds.close();
      this.#removeCopies();
    }
    return all;
  }

  #assignment(scenario: Scenario, lane: Lane): Assignment {
    const scale = this.#scaleOf(scenario);
    return {
      task: "measure",
      scenario: scenario.name,
      lane: lane.id,
      path: scenario.writes ? this.#copy(lane, scale) : databaseAt(scale, progress),
      rows: rowsAt(scale),
      sizes: this.#sizes().map((size) => ({
        scale: size,
        path: databaseAt(size, progress),
        rows: rowsAt(size),
      })),
    };
  }

  #scaleOf({ writes }: Scenario): number {
    const { scale } = this.#options;
    return writes ? Math.min(scale, LARGEST_COPY) : scale;
  }

  #copy(lane: Lane, scale: number): string {
    const path = join(this.#copies, `${lane.id}.db`);
    progress(`copying the database for ${lane.title}`);
    copyDatabase(databaseAt(scale, progress), path);
    return path;
  }

  async #examine(): Promise<Correctness> {
    const verdicts: Record<string, Correctness[string]> = {};
    for (const lane of this.#lanes(lanesWithout("execute", "lease")())) {
      progress(`correctness of ${lane.title}`);
      const session = new Session(this.#command(lane), {
        task: "examine",
        scenario: CORRECTNESS,
        lane: lane.id,
        path: this.#copy(lane, SMALL),
        rows: rowsAt(SMALL),
        sizes: [],
      });
      const answer = await session.answer();
      await session.kill();
      if (answer.answer === "verdict") verdicts[lane.id] = answer.verdict;
      else verdicts[lane.id] = { absent: "reason" in answer ? answer.reason : answer.answer };
    }
    return verdicts;
  }

  #command(lane: Lane): Command {
    if (lane.language === "python") return { line: pythonCommand(), env: pythonEnvironment() };
    return { line: [this.#runtime.binary, ...flags[this.#runtime.kind], CHILD], env: this.#env };
  }
}

const CHILD = join("bench", "run", "child.ts");

const titles: Readonly<Record<Runtime["kind"], string>> = {
  node: "Node",
  bun: "Bun",
  deno: "Deno",
};

const flags: Readonly<Record<Runtime["kind"], readonly string[]>> = {
  node: ["--disable-warning=ExperimentalWarning"],
  bun: [],
  deno: ["run", "--allow-all", "--no-check", "--quiet"],
};
