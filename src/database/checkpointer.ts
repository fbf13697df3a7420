/**
 * Keeps the write-ahead log short in idle periods.
 *
 * @module
 */

import type { Clock, Timer } from "../platform/clock.ts";
import type { AcquireOptions } from "../pool/options.ts";
import type { LeasedConnection } from "../connections/leased_connection.ts";
import type { SQLiteConnectionPool } from "../connections/connection_pool.ts";
import { ask } from "../connections/observation/ask.ts";

/** The modes of a checkpoint. See https://sqlite.org/pragma.html#pragma_wal_checkpoint */
export type CheckpointMode = "passive" | "full" | "restart" | "truncate";

/** The result of a checkpoint. */
export interface CheckpointResult {
  /** Whether readers or a writer prevented it from completing. */
  readonly busy: boolean;
  /** Number of frames in the log; -1 without a write-ahead log. */
  readonly logFrames: number;
  /** Number of frames copied to the database file; -1 without a write-ahead log. */
  readonly checkpointedFrames: number;
}

/** How long writes must pause before the log is checkpointed. */
const PAUSE_MS = 1_000;

/** Runs a checkpoint on a pool's connection. */
export async function checkpoint<R>(
  writer: SQLiteConnectionPool<R>,
  mode: CheckpointMode,
  options?: AcquireOptions,
): Promise<CheckpointResult> {
  const statement = `PRAGMA wal_checkpoint(${mode.toUpperCase()})`;
  const [[busy, logFrames, checkpointedFrames]] = await ask(writer, statement, options);
  return {
    busy: Number(busy) !== 0,
    logFrames: Number(logFrames),
    checkpointedFrames: Number(checkpointedFrames),
  };
}

/**
 * Performs what SQLite recommends before the last connection closes: update the planner statistics
 * and empty the log. The statements bypass the pool, which would retry until the busy timeout if
 * another process holds the lock.
 *
 * @param expired whether the timeout of closing has passed; called before each step.
 */
export async function tidyUp<R>(
  connection: LeasedConnection<R>,
  { inMemory, expired }: { readonly inMemory: boolean; readonly expired: () => boolean },
): Promise<void> {
  // A limit keeps PRAGMA optimize short on large databases; newer versions set one themselves.
  const steps = ["PRAGMA analysis_limit = 400", "PRAGMA optimize"];
  if (!inMemory) steps.push("PRAGMA wal_checkpoint(TRUNCATE)");
  for (const step of steps) {
    if (expired()) return;
    // The database is locked or read-only; these steps are optional.
    const physical = connection.lease.value;
    await physical.track(physical.driver.execute(step)).catch(() => {});
  }
}

/** Runs a checkpoint when the writer has been idle for a while. */
export class Checkpointer<R> {
  readonly #writer: SQLiteConnectionPool<R>;
  readonly #clock: Clock;
  #timer: Timer = undefined;
  #wanted: "nothing" | "passive" | "truncate" | "nothing ever again" = "nothing";

  constructor(writer: SQLiteConnectionPool<R>, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
  }

  /** Called after a write: checkpoint in the next pause. */
  afterWrite(): void {
    if (this.#wanted === "nothing") this.#plan("passive");
  }

  /** Called after a read that pinned the log: truncate what has accumulated. */
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
    // Another process may hold the lock, or the pool may be closing; the next pause tries again.
    checkpoint(this.#writer, mode).then(
      ({ busy }) => {
        if (busy && mode === "truncate" && this.#wanted === "nothing") this.#plan(mode);
      },
      () => {},
    );
  }
}
