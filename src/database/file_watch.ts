/**
 * Detects that a database file was removed or replaced while it was open.
 *
 * @module
 */

import { builtin } from "../platform/builtin.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { DatabaseMovedError } from "../sqlite/errors.ts";

/** The minimum interval between checks, which happen only while the database is used. */
const INTERVAL_MS = 1_000;

interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Returns the identity of the file at a path; `undefined` if it cannot be determined. */
function identityOf(path: string): Identity | "nothing" | undefined {
  try {
    const files = builtin("node:fs");
    if (files === undefined) return undefined;
    return files.statSync(path, { throwIfNoEntry: false, bigint: true }) ?? "nothing";
  } catch {
    // Missing permissions or a network failure say nothing about the file.
    return undefined;
  }
}

/**
 * Compares the file at a path with the one that was opened. SQLite continues to use the open file,
 * whatever the path now refers to, and does not report it in WAL mode.
 *
 * It checks only on use and after some time has passed, so an unused database costs nothing and a
 * used one costs a comparison of two flags.
 */
export class FileWatch {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onMoved: (message: string) => void;
  readonly #opened: Identity | "nothing" | undefined;
  #state: "to be looked at" | "just looked at" = "to be looked at";
  #timer: Timer = undefined;
  #moved: string | undefined = undefined;
  #warned = false;

  /**
   * @param path the file that has just been opened.
   * @param onMoved called once, when the path refers to another file.
   */
  constructor(path: string, clock: Clock, onMoved: (message: string) => void) {
    this.#path = path;
    this.#clock = clock;
    this.#onMoved = onMoved;
    this.#opened = identityOf(path);
  }

  /** For reads, which still return correct data: only warns. */
  look(): void {
    if (this.#state === "to be looked at") this.#look();
  }

  /**
   * For writes, which would be lost with the file.
   *
   * @throws {DatabaseMovedError} if the path refers to another file.
   */
  expectSame(): void {
    this.look();
    if (this.#moved !== undefined) throw new DatabaseMovedError(this.#moved);
  }

  /** The same, regardless of the time since the last check. */
  expectSameNow(): void {
    this.stop();
    this.#state = "to be looked at";
    this.expectSame();
  }

  stop(): void {
    this.#clock.cancel(this.#timer);
  }

  #look(): void {
    this.#state = "just looked at";
    this.#timer = this.#clock.schedule(
      () => this.#state = "to be looked at",
      INTERVAL_MS,
      "lets process exit",
    );
    this.#moved = this.#compare();
    if (this.#moved === undefined || this.#warned) return;
    this.#warned = true;
    this.#onMoved(this.#moved);
  }

  #compare(): string | undefined {
    const found = identityOf(this.#path);
    if (found === undefined || typeof this.#opened !== "object") return undefined;
    const name = JSON.stringify(this.#path);
    if (found === "nothing") return describe(`${name} was removed or renamed while it was open.`);
    if (found.ino === this.#opened.ino && found.dev === this.#opened.dev) return undefined;
    return describe(`${name} was replaced by another file while it was open.`);
  }
}

function describe(what: string): string {
  return `${what} Reads continue with the old file; writes are refused, since they would be lost with ` +
    "it. Close the database, remove the old -wal and -shm files, put the file in place and open it " +
    "again.";
}
