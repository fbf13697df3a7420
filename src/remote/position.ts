/**
 * What sessions have seen of the primary's log.
 *
 * Indices of a log only grow, until a crash of the primary makes it begin another one. That shows
 * when the primary answers with less than it had answered before. What was seen of the old log is
 * in the database of the new one, so a position of the old log becomes the first index that was
 * seen of the new one.
 *
 * @module
 */

import type { WireReply } from "./hrana/wire.ts";

/**
 * What a read must see: "session", all that the same database object or session has written or
 * read before; "strong", all that is committed; "eventual", any state that there was.
 */
export type Consistency = "session" | "strong" | "eventual";

/** How far a session has seen the log. */
export interface Position {
  generation: number;
  index: number;
}

const BOOKMARK = /^sp1\.(\d{1,15})$/;

/** A position as text, for other processes. */
export function bookmarkOf(index: number): string {
  return `sp1.${index}`;
}

/**
 * The index in a bookmark; 0 for an empty one, as sessions of files give them.
 *
 * @throws {TypeError} when it is not a bookmark of a server.
 */
export function parseBookmark(bookmark: string): number {
  if (bookmark === "") return 0;
  const index = BOOKMARK.exec(bookmark)?.[1];
  if (index !== undefined) return Number(index);
  throw new TypeError("after must be a bookmark that session.bookmark gave, of this database");
}

/** What was known when a request was sent. */
export interface Sent {
  readonly index: number;
  readonly generation: number;
}

/** The answer of one of the servers. */
export interface Answer {
  readonly results: readonly WireReply[];
  /** How far its log had got. */
  readonly index: number;
  /** How far it should have got before it answered. */
  readonly wait: number;
  /** The log that was known when it was asked. */
  readonly generation: number;
}

/** The log that the primary writes now, as far as its answers tell. */
export class Log {
  /** Counts the logs that the primary has begun, as far as they were noticed. */
  generation = 0;
  /** The highest index that the primary has answered with. */
  index = 0;
  /** The index when this generation was noticed. */
  #baseIndex = 0;
  /** The primary's latest answer. */
  #latest = 0;

  /** How far the log must have got for a session. */
  required(position: Position): number {
    if (position.generation !== this.generation) {
      position.generation = this.generation;
      position.index = this.#baseIndex;
    }
    return position.index;
  }

  /** A session has seen the log as far as an answer says. */
  observe(position: Position, { index, wait, generation }: Answer): void {
    const seen = this.required(position);
    if (generation !== this.generation) {
      // It was sent before the present log was noticed, but may be of that log all the same: a write
      // must not be missed. If it is not, the primary says so with its next answer.
      position.index = Math.max(seen, index);
      return;
    }
    // A server that answered before it had got so far is a primary, which never waits: what it
    // does not have is of another log, which an old bookmark comes from.
    if (index > seen || (index < wait && seen <= wait)) position.index = index;
  }

  /**
   * The primary has answered.
   *
   * @param index how far its log has got.
   * @param sent what was known when the request was sent.
   * @returns the generation of the log that the answer is of.
   */
  primaryAt(index: number, sent: Sent): number {
    // Late: another answer has shown already that the log is another one.
    if (sent.generation !== this.generation) return sent.generation;
    this.#latest = index;
    if (index < sent.index) this.begin();
    else this.index = Math.max(this.index, index);
    return this.generation;
  }

  /**
   * How far a read of the primary may have seen. The primary shows a commit a moment before its
   * answers name it, so what other answers have named by now counts as seen.
   */
  shownBy({ index, wait, generation }: Answer): number {
    const isPresent = generation === this.generation && index >= wait;
    return isPresent ? Math.max(index, this.index) : index;
  }

  /** The log is another one than before. */
  begin(): void {
    this.generation += 1;
    this.#baseIndex = this.#latest;
    this.index = this.#latest;
  }
}
