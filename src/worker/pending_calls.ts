/**
 * Requests to a thread that have no reply yet.
 *
 * @module
 */

import { systemEnvironment } from "../platform/clock.ts";
import type { ReplyReader } from "./reply_reader.ts";

const { now } = systemEnvironment.clock;

/** A request without a reply. */
export interface Call {
  /** Whether a caller waits for it, or it belongs to the life of a connection or cursor. */
  readonly kind: "statement" | "command";
  /** Its expected duration, in milliseconds. */
  readonly expectedMs: number;
  /** Whether it takes effect only after an announcement. */
  readonly isAnnounced?: boolean;
  /**
   * Reads exactly its reply. No user code runs before that and no user error escapes, so that the
   * reader stays in position for the following calls.
   */
  answer(reader: ReplyReader, ms: number): void;
  fail(error: unknown): void;
}

/** How far a call had got when its thread ended. What is not committed has no effect. */
export type Progress = "sent" | "not sent" | "not committed";

/**
 * Answered calls stay in the array until there are this many, because removing them moves the
 * others.
 */
const MOST_ANSWERED = 256;

/** Calls in the order of their replies. */
export class PendingCalls {
  /** Oldest first. */
  #calls: Call[] = [];
  #answered = 0;
  /** How many of `#calls` have been sent, including answered ones. */
  #sent = 0;
  #expectedMs = 0;
  /** When the thread last replied, or got its first call. */
  #heardAt = 0;
  #announced: "nothing" | "a commit" = "nothing";

  /** The number of pending calls. */
  get size(): number {
    return this.#calls.length - this.#answered;
  }

  /** The number of pending statements. */
  get statements(): number {
    return this.#calls.slice(this.#answered).filter(({ kind }) => kind === "statement").length;
  }

  /** Their expected remaining duration, in milliseconds. */
  get backlogMs(): number {
    if (this.#calls.length === 0) return 0;
    // A statement that takes longer than expected is still running.
    return Math.max(this.#expectedMs, now() - this.#heardAt);
  }

  /** The call that is being committed, if the other side has announced it. */
  get committing(): Call | undefined {
    return this.#announced === "a commit" ? this.#calls[this.#answered] : undefined;
  }

  /** Adds a call after all others. */
  add(call: Call): void {
    if (this.#calls.length === 0) this.heard();
    this.#calls.push(call);
    this.#expectedMs += call.expectedMs;
  }

  /** Records that all calls have been sent. */
  sent(): void {
    this.#sent = this.#calls.length;
  }

  /** Records that the thread has replied. */
  heard(): void {
    this.#heardAt = now();
  }

  /** Records that the call that is answered next is being committed. */
  announced(): void {
    this.#announced = "a commit";
  }

  /** Removes the call that is answered next. */
  take(): Call {
    this.#announced = "nothing";
    const call = this.#calls[this.#answered++];
    this.#expectedMs -= call.expectedMs;
    if (this.#answered === this.#calls.length) this.#clear();
    else if (this.#answered >= Math.max(MOST_ANSWERED, this.size)) this.#forgetAnswered();
    return call;
  }

  /** Fails all calls, each with its own error. */
  failAll(reason: (progress: Progress) => unknown): void {
    const calls = this.#calls.slice(this.#answered);
    const sent = this.#sent - this.#answered;
    const { committing } = this;
    this.#clear();
    for (const [i, call] of calls.entries()) {
      if (i >= sent) call.fail(reason("not sent"));
      else call.fail(reason(call.isAnnounced && call !== committing ? "not committed" : "sent"));
    }
  }

  /** A busy thread may never catch up, so answered calls must be removed in between. */
  #forgetAnswered(): void {
    this.#calls.splice(0, this.#answered);
    this.#sent -= this.#answered;
    this.#answered = 0;
  }

  #clear(): void {
    this.#calls = [];
    this.#answered = 0;
    this.#sent = 0;
    this.#expectedMs = 0;
  }
}
