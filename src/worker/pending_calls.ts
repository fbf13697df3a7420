/**
 * What a thread has been asked and has not answered.
 *
 * @module
 */

import { systemEnvironment } from "../platform/clock.ts";
import type { ReplyReader } from "./reply_reader.ts";

const { now } = systemEnvironment.clock;

/** A request that has not been answered. */
export interface Call {
  /** What somebody waits for, or what belongs to the life of a connection or a cursor. */
  readonly kind: "statement" | "command";
  /** What it is expected to take, in milliseconds. */
  readonly expectedMs: number;
  /**
   * Reads its reply to the end, and no further. Nothing of the user runs before that, and nothing
   * that it throws comes out: the reader must stay in its place for the calls behind this one.
   */
  answer(reader: ReplyReader, ms: number): void;
  fail(error: unknown): void;
}

/** What became of a call when its thread ended. */
export type Progress = "sent" | "not sent";

/** Answered calls stay in the array until there are this many: moving the others up has its price. */
const MOST_ANSWERED = 256;

/** Calls in the order in which they will be answered. */
export class PendingCalls {
  /** Oldest first. */
  #calls: Call[] = [];
  #answered = 0;
  /** How many of `#calls` have been sent, those answered included. */
  #sent = 0;
  #expectedMs = 0;
  /** When the thread last answered, or got its first call. */
  #heardAt = 0;

  /** How many there are. */
  get size(): number {
    return this.#calls.length - this.#answered;
  }

  /** How many of them are statements. */
  get statements(): number {
    return this.#calls.slice(this.#answered).filter(({ kind }) => kind === "statement").length;
  }

  /** What they are expected to take from now on, in milliseconds. */
  get backlogMs(): number {
    if (this.#calls.length === 0) return 0;
    // A statement that takes longer than was expected is not over yet.
    return Math.max(this.#expectedMs, now() - this.#heardAt);
  }

  /** Adds one that is sent after all others. */
  add(call: Call): void {
    if (this.#calls.length === 0) this.heard();
    this.#calls.push(call);
    this.#expectedMs += call.expectedMs;
  }

  /** Notes that all of them have been sent. */
  sent(): void {
    this.#sent = this.#calls.length;
  }

  /** Notes a sign of life of the thread. */
  heard(): void {
    this.#heardAt = now();
  }

  /** Takes the one that is answered next. */
  take(): Call {
    const call = this.#calls[this.#answered++];
    this.#expectedMs -= call.expectedMs;
    if (this.#answered === this.#calls.length) this.#clear();
    else if (this.#answered >= Math.max(MOST_ANSWERED, this.size)) this.#forgetAnswered();
    return call;
  }

  /** Fails all of them, each with an error of its own. */
  failAll(reason: (progress: Progress) => unknown): void {
    const calls = this.#calls.slice(this.#answered);
    const sent = this.#sent - this.#answered;
    this.#clear();
    for (const [i, call] of calls.entries()) call.fail(reason(i < sent ? "sent" : "not sent"));
  }

  /** A busy thread may never have answered all: what it has answered must not stay for ever. */
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
