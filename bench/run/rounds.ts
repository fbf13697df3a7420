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
  readonly player: Player | undefined;
  /** Why nobody sits there. */
  readonly trouble: NoTurnError | undefined;
}

export class Rounds {
  readonly #scenario: Scenario;
  readonly #schedule: Schedule;
  readonly #seats: readonly Seat[];
  readonly #progress: (line: string) => void;

  private constructor(
    scenario: Scenario,
    schedule: Schedule,
    seats: readonly Seat[],
    progress: (line: string) => void,
  ) {
    this.#scenario = scenario;
    this.#schedule = schedule;
    this.#seats = seats;
    this.#progress = progress;
  }

  /** Seats everybody, the baseline first. Whoever cannot come is told of in the figures. */
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
      const outcome = await playing(() => start(lane));
      const isTrouble = outcome instanceof NoTurnError;
      seats.push({
        lane,
        player: isTrouble ? undefined : outcome,
        trouble: isTrouble ? outcome : undefined,
      });
    }
    return new Rounds(scenario, schedule, seats, progress);
  }

  async play(variant: string): Promise<Figure[]> {
    const ms = this.#schedule.turnMs * (this.#scenario.turnFactor ?? 1);
    const scores = this.#seats.map((seat) => new Score(seat));
    for (const score of scores) {
      this.#progress(`${this.#scenario.title}, ${variant}: ${score.lane.title} warms up`);
      await score.attempt((player) => player.warmUp(variant, ms));
    }
    const [baseline, ...others] = scores;
    for (let round = 0; round < this.#schedule.rounds; round++) {
      this.#progress(`${this.#scenario.title}, ${variant}: round ${round + 1}`);
      await this.#playRound(variant, baseline, rotated(others, round));
    }
    if (baseline.trouble !== undefined) {
      // Nothing to compare with.
      for (const score of others) score.trouble ??= baseline.trouble;
    }
    return scores.map((score) => score.figure(this.#scenario.name, variant));
  }

  async #playRound(variant: string, baseline: Score, others: readonly Score[]): Promise<void> {
    const part = this.#scenario.turns === undefined ? BASELINE_PART : 1;
    const compare = async (): Promise<number> => {
      const turn = await baseline.attempt((player) => player.turn(variant, part));
      if (turn === undefined) return NaN;
      baseline.add(turn, 1);
      return turn.perSecond;
    };
    let before = await compare();
    for (const score of others) {
      const turn = await score.attempt((player) => player.turn(variant, 1));
      if (turn === undefined) continue;
      const after = await compare();
      score.add(turn, turn.perSecond / ((before + after) / 2));
      before = after;
    }
  }

  async close(): Promise<void> {
    for (const { player } of this.#seats) await player?.end();
  }
}

/** Who comes first in one round comes last in the next. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const first = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

/** What work gives, or why there was none. */
async function playing<T>(work: () => Promise<T>): Promise<T | NoTurnError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NoTurnError) return error;
    throw error;
  }
}

/** What one contender reaches in one variant. */
class Score {
  readonly lane: Lane;
  /** Whoever fails takes no further turn. */
  trouble: NoTurnError | undefined;
  readonly #player: Player | undefined;
  readonly #turns: Turn[] = [];
  readonly #ratios: number[] = [];

  constructor({ lane, player, trouble }: Seat) {
    this.lane = lane;
    this.#player = player;
    this.trouble = trouble;
  }

  async attempt<T>(work: (player: Player) => Promise<T>): Promise<T | undefined> {
    if (this.#player === undefined || this.trouble !== undefined) return undefined;
    const player = this.#player;
    const outcome = await playing(() => work(player));
    if (!(outcome instanceof NoTurnError)) return outcome;
    this.trouble = outcome;
    return undefined;
  }

  add(turn: Turn, ratio: number): void {
    this.#turns.push(turn);
    this.#ratios.push(ratio);
  }

  figure(scenario: string, variant: string): Figure {
    const figure = { scenario, variant, lane: this.lane.id };
    if (this.trouble !== undefined) {
      const { isAbsent, message } = this.trouble;
      return isAbsent ? { ...figure, absent: message } : { ...figure, failed: message };
    }
    const rates = this.#turns.map(({ perSecond }) => perSecond);
    const cpu = this.#turns.map(({ cpuMicros }) => cpuMicros)
      .filter((micros) => micros !== undefined);
    const names = Object.keys(this.#turns[0].detail);
    const detail = Object.fromEntries(
      names.map((name) => [name, rounded(median(this.#turns.map((turn) => turn.detail[name])))]),
    );
    return {
      ...figure,
      perSecond: rounded(median(rates)),
      spread: rounded(spread(rates)),
      ratio: rounded(median(this.#ratios)),
      ratioSpread: rounded(spread(this.#ratios)),
      ...(cpu.length === 0 ? {} : { cpuMicros: rounded(median(cpu)) }),
      ...(names.length === 0 ? {} : { detail }),
    };
  }
}
