/** Lets the contenders of a scenario take turns, each between two turns of the baseline. */

import type { Figure } from "../report/results.ts";
import { median, rounded, spread } from "../report/statistics.ts";
import type { Lane, Scenario } from "../scenarios/scenario.ts";
import { NoTurnError, type Player, type Turn } from "./turns.ts";

export interface Schedule {
  readonly rounds: number;
  /** Milliseconds of a contender's turn. */
  readonly turnMs: number;
}

/** The baseline's turns are shorter, since there are twice as many. */
const BASELINE_PART = 0.5;

interface Seat {
  readonly lane: Lane;
  player?: Player;
  trouble?: NoTurnError;
}

interface Score {
  readonly rates: number[];
  readonly ratios: number[];
  readonly details: Turn["detail"][];
}

export class Rounds {
  readonly #scenario: Scenario;
  readonly #schedule: Schedule;
  readonly #seats: Seat[];
  readonly #progress: (line: string) => void;

  private constructor(
    scenario: Scenario,
    schedule: Schedule,
    seats: Seat[],
    progress: (line: string) => void,
  ) {
    this.#scenario = scenario;
    this.#schedule = schedule;
    this.#seats = seats;
    this.#progress = progress;
  }

  /** Seats everybody. Whoever cannot come is told of in the figures. */
  static async open(
    scenario: Scenario,
    lanes: readonly Lane[],
    schedule: Schedule,
    start: (lane: Lane) => Promise<Player>,
    progress: (line: string) => void,
  ): Promise<Rounds> {
    const seats: Seat[] = [];
    for (const lane of lanes) {
      progress(`${scenario.title}: ${lane.title} starts`);
      const seat: Seat = { lane };
      seats.push(seat);
      await guarded(seat, async () => {
        seat.player = await start(lane);
      });
    }
    return new Rounds(scenario, schedule, seats, progress);
  }

  async play(variant: string): Promise<Figure[]> {
    const ms = this.#schedule.turnMs * (this.#scenario.turnFactor ?? 1);
    const troubles = new Map<Seat, NoTurnError>();
    const scores = new Map<Seat, Score>();
    for (const seat of this.#seats) {
      this.#progress(`${this.#scenario.title}, ${variant}: ${seat.lane.title} warms up`);
      scores.set(seat, { rates: [], ratios: [], details: [] });
      await attempt(seat, troubles, () => seat.player!.warmUp(variant, ms));
    }
    const [baseline, ...others] = this.#seats;
    for (let round = 0; round < this.#schedule.rounds; round++) {
      this.#progress(`${this.#scenario.title}, ${variant}: round ${round + 1}`);
      let before = await this.#baselineTurn(baseline, variant, scores, troubles);
      // Who comes first in one round comes last in another.
      const order = [
        ...others.slice(round % others.length),
        ...others.slice(0, round % others.length),
      ];
      for (const seat of others.length === 0 ? [] : order) {
        const turn = await attempt(seat, troubles, () => seat.player!.turn(variant, 1));
        if (turn === undefined) continue;
        const after = await this.#baselineTurn(baseline, variant, scores, troubles);
        const score = scores.get(seat)!;
        score.rates.push(turn.perSecond);
        score.details.push(turn.detail);
        score.ratios.push(turn.perSecond / ((before + after) / 2));
        before = after;
      }
    }
    return this.#seats.map((seat) =>
      figureOf(this.#scenario.name, variant, seat, scores.get(seat)!, troubles.get(seat))
    );
  }

  async #baselineTurn(
    baseline: Seat,
    variant: string,
    scores: Map<Seat, Score>,
    troubles: Map<Seat, NoTurnError>,
  ): Promise<number> {
    const part = this.#scenario.turns === undefined ? BASELINE_PART : 1;
    const turn = await attempt(baseline, troubles, () => baseline.player!.turn(variant, part));
    if (turn === undefined) throw new Error(`The baseline failed: ${troubles.get(baseline)}`);
    const { rates, ratios, details } = scores.get(baseline)!;
    rates.push(turn.perSecond);
    ratios.push(1);
    details.push(turn.detail);
    return turn.perSecond;
  }

  async close(): Promise<void> {
    for (const { player } of this.#seats) await player?.end();
  }
}

async function guarded(seat: Seat, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof NoTurnError)) throw error;
    seat.trouble = error;
  }
}

/** Undefined for those who cannot take part in this variant. */
async function attempt<T>(
  seat: Seat,
  troubles: Map<Seat, NoTurnError>,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const known = seat.trouble ?? troubles.get(seat);
  if (known !== undefined) {
    troubles.set(seat, known);
    return undefined;
  }
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NoTurnError)) throw error;
    troubles.set(seat, error);
    return undefined;
  }
}

function figureOf(
  scenario: string,
  variant: string,
  { lane }: Seat,
  { rates, ratios, details }: Score,
  trouble: NoTurnError | undefined,
): Figure {
  const figure = { scenario, variant, lane: lane.id };
  if (trouble !== undefined) {
    return trouble.isAbsent
      ? { ...figure, absent: trouble.message }
      : { ...figure, failed: trouble.message };
  }
  const names = Object.keys(details[0] ?? {});
  const detail = Object.fromEntries(
    names.map((name) => [name, rounded(median(details.map((each) => each[name])))]),
  );
  return {
    ...figure,
    perSecond: rounded(median(rates)),
    spread: rounded(spread(rates)),
    ratio: rounded(median(ratios)),
    ratioSpread: rounded(spread(ratios)),
    ...(names.length === 0 ? {} : { detail }),
  };
}
