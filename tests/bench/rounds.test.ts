/** Who takes a turn when, and what it is compared with. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Figure } from "../../bench/report/results.ts";
import { Rounds } from "../../bench/run/rounds.ts";
import { NoTurnError, type Player } from "../../bench/run/turns.ts";
import { callAll } from "../../bench/scenarios/callers.ts";
import type { Scenario } from "../../bench/scenarios/scenario.ts";

const lane = (id: string) => ({ id, title: id });

const scenario: Scenario = {
  name: "counting",
  title: "Counting",
  unit: "numbers",
  lanes: () => [],
  variants: [{ name: "only" }],
  open: () => Promise.reject(new Error("no process is started here")),
};

/** Lets players that count one after another play three rounds. */
async function play(
  players: Readonly<Record<string, Partial<Player>>>,
): Promise<{ figures: Figure[]; turns: string[] }> {
  const turns: string[] = [];
  const start = (id: string): Player => ({
    async warmUp() {},
    async end() {
      turns.push(`${id} ends`);
    },
    ...players[id],
    turn(variant, part) {
      turns.push(id);
      return players[id].turn!(variant, part);
    },
  });
  const rounds = await Rounds.open(
    scenario,
    Object.keys(players).map(lane),
    { rounds: 3, turnMs: 10 },
    async ({ id }) => {
      if (id === "absentee") throw new NoTurnError("is not installed", true);
      return start(id);
    },
    () => {},
  );
  const figures = await rounds.play("only");
  await rounds.close();
  return { figures, turns };
}

const constant = (perSecond: number): Partial<Player> => ({
  turn: async () => ({ perSecond, cpuMicros: 1_000_000 / perSecond, detail: { p99: 5 } }),
});

/** A machine on which everything gets slower and slower. */
function slowing(): (rate: number) => Partial<Player> {
  let speed = 1;
  return (rate) => ({
    async turn() {
      speed *= 0.9;
      return { perSecond: rate * speed, detail: {} };
    },
  });
}

test("each turn lies between two of the baseline, and rounds begin with another contender", async () => {
  const { turns } = await play({ raw: constant(100), a: constant(50), b: constant(25) });
  assert.deepEqual(turns, [
    ...["raw", "a", "raw", "b", "raw"],
    ...["raw", "b", "raw", "a", "raw"],
    ...["raw", "a", "raw", "b", "raw"],
    ...["raw ends", "a ends", "b ends"],
  ]);
});

test("a ratio is that to the turns of the baseline beside it, however the machine changes", async () => {
  const on = slowing();
  const { figures } = await play({ raw: on(1_000), half: on(500), tenth: on(100) });
  const ratios = Object.fromEntries(figures.map(({ lane, ratio }) => [lane, ratio!]));
  assert.equal(ratios.raw, 1);
  assert.ok(Math.abs(ratios.half - 0.5) < 0.005, `${ratios.half}`);
  assert.ok(Math.abs(ratios.tenth - 0.1) < 0.001, `${ratios.tenth}`);
  // The rates themselves are worth nothing there.
  const [, half] = figures;
  assert.ok(half.spread! > 0.2, `${half.spread}`);
  assert.ok(half.ratioSpread! < 0.01, `${half.ratioSpread}`);
});

test("figures are medians of the rounds, with processor time and details", async () => {
  const rates = [50, 5_000, 40];
  const { figures: [, figure] } = await play({
    raw: constant(100),
    a: { turn: async () => ({ perSecond: rates.shift()!, cpuMicros: 7, detail: { p99: 3 } }) },
  });
  assert.equal(figure.perSecond, 50);
  assert.equal(figure.ratio, 0.5);
  assert.equal(figure.cpuMicros, 7);
  assert.deepEqual(figure.detail, { p99: 3 });
});

test("whoever is absent or fails is told of with the reason, and takes no further turn", async () => {
  const { figures, turns } = await play({
    raw: constant(100),
    absentee: {},
    failure: { turn: async () => Promise.reject(new NoTurnError("database is locked", false)) },
    a: constant(50),
  });
  const [, absentee, failure, a] = figures;
  assert.deepEqual([absentee.absent, absentee.perSecond], ["is not installed", undefined]);
  assert.deepEqual([failure.failed, failure.perSecond], ["database is locked", undefined]);
  assert.equal(a.ratio, 0.5);
  assert.equal(turns.filter((turn) => turn === "failure").length, 1);
});

test("without a baseline nobody has figures", async () => {
  const { figures } = await play({
    raw: { turn: async () => Promise.reject(new NoTurnError("no such file", false)) },
    a: constant(50),
  });
  assert.deepEqual(figures.map(({ failed }) => failed), ["no such file", "no such file"]);
});

test("an error of the benchmark itself is no trouble of a contender", async () => {
  const failing = { turn: async () => Promise.reject(new TypeError("a mistake")) };
  await assert.rejects(play({ raw: constant(100), a: failing }), TypeError);
});

test("after a failed call no caller makes another, and the failure comes when all are done", async () => {
  const made: number[] = [];
  let answered = 0;
  const calls = callAll(3, 100, async (i) => {
    made.push(i);
    await Promise.resolve();
    if (i === 1) throw new Error("database is locked");
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    answered += 1;
  });
  await assert.rejects(calls, /database is locked/);
  assert.deepEqual(made, [0, 1, 2]);
  assert.equal(answered, 2);
});
