/**
 * How many requests and streams a server has of this process at once. A libSQL server has 128
 * connections; the next one waits a second there and is turned away.
 *
 * @module
 */

import { type Environment, pause, type Timer } from "../../platform/clock.ts";
import { keepsRequestsApart } from "../../platform/turn.ts";

/** Fewer than 128, so that others get one too. */
const SLOTS = 100;
/** How often a holder says that it is still there, and how long its silence may last. */
const BEAT_MS = 200;
const SILENT_MS = 1_000;
/** How often those who must not wait for each other look for a free slot, in milliseconds. */
const LOOK_MS = 20;

/** The slots of one server. */
export interface Slots {
  /** Waits for a slot. @returns gives it back; once is enough. */
  take(signal: AbortSignal): Promise<() => void>;
}

/** Those who wait are served in their order. */
export class QueuedSlots implements Slots {
  #free = SLOTS;
  readonly #waiting: (() => void)[] = [];

  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#held();
    }
    return await new Promise((resolve, reject) => {
      const give = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve(this.#held());
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(signal.reason);
      };
      this.#waiting.push(give);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** A slot, until it is given back or on to the one that has waited longest. */
  #held(): () => void {
    let state: "held" | "released" = "held";
    return () => {
      if (state === "released") return;
      state = "released";
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}

/**
 * For requests that must not wait for each other: each looks by itself whether there is a slot. One
 * that is cancelled gives nothing back and its timers stop, so whoever is silent holds nothing.
 */
export class PolledSlots implements Slots {
  readonly #heardOf = new Map<object, number>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  async take(signal: AbortSignal): Promise<() => void> {
    const { clock, random } = this.#environment;
    for (;;) {
      signal.throwIfAborted();
      this.#forgetTheSilent();
      if (this.#heardOf.size < SLOTS) return this.#hold();
      // In no order: whoever was first may have been cancelled.
      await pause(clock, LOOK_MS * (0.5 + random() / 2));
    }
  }

  #hold(): () => void {
    const { clock } = this.#environment;
    const slot = {};
    let timer: Timer;
    const beat = (): void => {
      this.#heardOf.set(slot, clock.now());
      timer = clock.schedule(beat, BEAT_MS, "keeps process alive");
    };
    beat();
    return () => {
      clock.cancel(timer);
      this.#heardOf.delete(slot);
    };
  }

  #forgetTheSilent(): void {
    const now = this.#environment.clock.now();
    for (const [slot, at] of this.#heardOf) {
      if (now - at > SILENT_MS) this.#heardOf.delete(slot);
    }
  }
}

/** One for each server, whoever in this process uses it. */
const byOrigin = new Map<string, Slots>();

/** The slots of a server; the same ones for all databases of this process. */
export function slotsOf(origin: string, environment: Environment): Slots {
  let slots = byOrigin.get(origin);
  if (slots === undefined) {
    slots = keepsRequestsApart() ? new PolledSlots(environment) : new QueuedSlots();
    byOrigin.set(origin, slots);
  }
  return slots;
}
