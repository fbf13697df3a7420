/**
 * Requests that wait for the end of this turn of the event loop, to travel together.
 *
 * @module
 */

import { systemEnvironment } from "../platform/clock.ts";
import type { SQLiteValue } from "../sqlite/types.ts";
import type { WirePart } from "./wire.ts";

const { clock } = systemEnvironment;

/** Collects the requests of one message. */
export class Outbox {
  readonly #send: (message: WirePart[]) => void;
  #message: WirePart[] = [];

  /** @param send is given each message. */
  constructor(send: (message: WirePart[]) => void) {
    this.#send = send;
  }

  /** Adds parts of a request. */
  push(...parts: WirePart[]): void {
    // Whoever comes first in a turn sees to it that all travel at its end: after the microtasks,
    // because callers who were just answered ask again in theirs.
    if (this.#message.length === 0) clock.nextTurn(() => this.flush());
    for (let i = 0; i < parts.length; i++) this.#message.push(parts[i]);
  }

  /** Adds how many values there are, and the values. */
  pushValues(values: readonly SQLiteValue[]): void {
    this.#message.push(values.length);
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      // A copy: the caller may change its bytes before they travel, and all of the memory that
      // they are a part of would travel with them.
      this.#message.push(value instanceof Uint8Array ? value.slice() : value);
    }
  }

  /** Sends what there is. */
  flush(): void {
    const message = this.#message;
    if (message.length === 0) return;
    this.#message = [];
    this.#send(message);
  }

  /** Drops what there is. */
  clear(): void {
    this.#message = [];
  }
}
