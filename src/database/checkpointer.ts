/**
 * Keeps the write-ahead log short while nobody is looking.
 *
 * @module
 */

import type { Clock, Timer } from "../platform/clock.ts";
import type { AcquireOptions } from "../pool/options.ts";
import type { LeasedConnection } from "../connections/leased_connection.ts";
import type { SQLiteConnectionPool } from "../connections/connection_pool.ts";

/** How far a checkpoint goes. See https://sqlite.org/pragma.html#pragma_wal_checkpoint */
export type CheckpointMode = "passive" | "full" | "restart" | "truncate";

/** What a checkpoint achieved. */
export interface CheckpointResult {
  /** Whether it could not finish because of readers or a writer. */
  readonly busy: boolean;
  /** Frames in the log; -1 without a write-ahead log. */
  readonly logFrames: number;
  /** How many of them are in the database file by now; -1 without a write-ahead log. */
  readonly checkpointedFrames: number;
}

/** Writes pause for this long before the log is tidied. */
const PAUSE_MS = 1_000;

/** Runs a checkpoint on a pool's connection. */
export async function checkpoint<R>(
  writer: SQLiteConnectionPool<R>,
  mode: CheckpointMode,
  options?: AcquireOptions,
): Promise<CheckpointResult> {
  const [[busy, logFrames, checkpointedFrames]] = await writer.values(
    `PRAGMA wal_checkpoint(${mode.toUpperCase()})`,
    undefined,
    options,
  );
  return {
    busy: Number(busy) !== 0,
    logFrames: Number(logFrames),
    checkpointedFrames: Number(checkpointedFrames),
  };
}

/**
 * What SQLite recommends before the last connection closes: statistics for the query planner, and
 * an empty log. Neither waits for a lock, which another process may hold for long: the pool would
 * try again until the busy timeout is over, so the statements go to the driver itself.
 *
 * @param expired whether the time for closing is over, asked before each step.
 */
export async function tidyUp<R>(
  connection: LeasedConnection<R>,
  { inMemory, expired }: { readonly inMemory: boolean; readonly expired: () => boolean },
): Promise<void> {
  // A limit keeps PRAGMA optimize short on a large database, which newer versions do themselves.
  const steps = ["PRAGMA analysis_limit = 400", "PRAGMA optimize"];
  if (!inMemory) steps.push("PRAGMA wal_checkpoint(TRUNCATE)");
  for (const step of steps) {
    if (expired()) return;
    // Locked by another process, or read-only by now: SQLite does without.
    const physical = connection.lease.value;
    await physical.track(physical.driver.execute(step)).catch(() => {});
  }
}

/** Checkpoints when the writer has been idle for a while. */
export class Checkpointer<R> {
  readonly #writer: SQLiteConnectionPool<R>;
  readonly #clock: Clock;
  #timer: Timer = undefined;
  #wanted: "nothing" | "passive" | "truncate" | "nothing ever again" = "nothing";

  constructor(writer: SQLiteConnectionPool<R>, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
  }

  /** Something was written: tidy up in the next pause. */
  afterWrite(): void {
    if (this.#wanted === "nothing") this.#plan("passive");
  }

  /** A read that pinned the log is over: cut back what has piled up meanwhile. */
  afterLongRead(): void {
    this.#clock.cancel(this.#timer);
    this.#plan("truncate");
  }

  stop(): void {
    this.#clock.cancel(this.#timer);
    this.#wanted = "nothing ever again";
  }

  #plan(mode: "passive" | "truncate"): void {
    if (this.#wanted === "nothing ever again") return;
    this.#wanted = mode;
    this.#timer = this.#clock.schedule(() => this.#tidy(mode), PAUSE_MS, "lets process exit");
  }

  #tidy(mode: "passive" | "truncate"): void {
    const { inUse, waiting } = this.#writer.stats;
    if (inUse > 0 || waiting > 0) return this.#plan(mode);
    this.#wanted = "nothing";
    // Another process may be in the way, or the pool be closing: there will be another pause.
    checkpoint(this.#writer, mode).then(
      ({ busy }) => {
        if (busy && mode === "truncate" && this.#wanted === "nothing") this.#plan(mode);
      },
      () => {},
    );
  }
}
