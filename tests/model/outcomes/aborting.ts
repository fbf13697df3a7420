/** Callers that give up, at the moment that the program asks for. */

import { microtasks, nextTurn } from "../turns.ts";
import type { CallOptions } from "./places.ts";
import type { Abort } from "./program.ts";

/** The reason of every signal. */
export class Aborted extends Error {}

/** How one call is given up, if it is. */
export class Aborting {
  readonly options: CallOptions;
  readonly #abort: Abort | undefined;
  readonly #controller: AbortController | undefined;

  constructor(abort: Abort | undefined) {
    this.#abort = abort;
    if (abort === undefined) {
      this.options = {};
    } else if (abort.when === "timeout") {
      this.options = { timeoutMs: abort.count };
    } else {
      this.#controller = new AbortController();
      this.options = { signal: this.#controller.signal };
      if (abort.when === "before") this.fire();
    }
  }

  fire(): void {
    this.#controller?.abort(new Aborted(`aborted ${this.#abort?.when} ${this.#abort?.count}`));
  }

  /** The call has been made. */
  async called(): Promise<void> {
    const { when, count = 0 } = this.#abort ?? {};
    if (when === "microtasks") await microtasks(count * 3);
    else if (when === "turns") { for (let i = 0; i <= count; i++) await nextTurn(); }
    else if (when !== "at once") return;
    this.fire();
  }

  /** The callback of a transaction returns, or throws: what comes next is COMMIT or ROLLBACK. */
  async returning(): Promise<void> {
    if (this.#abort?.when !== "when it ends") return;
    await microtasks(this.#abort.count * 3);
    this.fire();
  }
}
