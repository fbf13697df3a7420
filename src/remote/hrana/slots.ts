/**
 * How many requests and streams a server has of this process at once. A libSQL server has 128
 * connections; the next one waits a second there and is turned away.
 *
 * @module
 */

/** Fewer than 128, so that others get one too. */
const SLOTS = 100;

/** The slots of one server. */
export class Slots {
  #free = SLOTS;
  readonly #waiting: (() => void)[] = [];

  /** Waits for a slot; each is given back with {@linkcode Slots.release}. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const give = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(signal.reason);
      };
      this.#waiting.push(give);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** Gives a slot back, or on to the one that has waited longest. */
  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** One for each server, whoever in this process uses it. */
const byOrigin = new Map<string, Slots>();

/** The slots of a server; the same ones for all databases of this process. */
export function slotsOf(origin: string): Slots {
  let slots = byOrigin.get(origin);
  if (slots === undefined) byOrigin.set(origin, slots = new Slots());
  return slots;
}
