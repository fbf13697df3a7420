/** Lets processes write to one file at the same time and tells how they shared it. */

import { join } from "node:path";
import { type Durability, type Execution, openDatabase } from "../../mod.ts";
import { runScript } from "../helpers/runtime.ts";

/** What one process has to say. */
export interface Report {
  /** Writes that were answered as committed. */
  readonly acknowledged: number;
  readonly longestMs: number;
  readonly failures: number;
  readonly firstFailure: string;
  readonly busyRetries: number;
  /** CPU time by wall time. */
  readonly cpuShare: number;
}

/** How processes write. */
export interface Contest {
  readonly processes: number;
  readonly durationMs: number;
  readonly callers: number;
  /** "run" is `db.run` alone; "mix" has half the callers use `db.write`. */
  readonly kind: "run" | "mix";
  readonly durability: Durability;
  readonly execution: Execution;
}

/** What they did. */
export interface ContestResult {
  readonly reports: readonly Report[];
  /** Rows in the file. */
  readonly stored: number;
}

/** Runs a contest in a directory of its own. */
export async function holdContest(directory: string, contest: Contest): Promise<ContestResult> {
  const { processes, durationMs, callers, kind, durability, execution } = contest;
  const path = join(directory, "shared.db");
  const db = await openDatabase(path, { onWarning: () => {} });
  await db.executeScript(`
    CREATE TABLE present (pid INTEGER);
    CREATE TABLE entries (id INTEGER PRIMARY KEY, pid INTEGER, caller INTEGER);
  `);
  const args = [path, processes, durationMs, callers, kind, durability, execution].map(String);
  const ended = await Promise.all(
    Array.from({ length: processes }, () => runScript("tests/database/fairness_child.ts", args)),
  );
  const [[stored]] = await db.values("SELECT count(*) FROM entries");
  await db.close();
  const reports = ended.map(({ code, stdout, stderr }): Report => {
    if (code !== 0) throw new Error(`A process ended with ${code}: ${stderr}`);
    return JSON.parse(stdout.trim().split("\n").at(-1)!);
  });
  return { reports, stored: Number(stored) };
}

/** Jain's index: 1 when all have the same, 1/n when one has everything. */
export function fairnessIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 0 : sum * sum / (shares.length * squares);
}
