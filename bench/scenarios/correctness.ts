/**
 * What happens beside speed: two transactions at once of which one rolls back, a failed statement
 * in a transaction, and a long statement beside a timer.
 */

import { setTimeout as delay } from "node:timers/promises";

import { nativeDriver } from "../../tests/helpers/drivers.ts";
import type { Contender, Transaction, Work } from "../contenders/contender.ts";
import { openContender } from "./databases.ts";
import type { Subject } from "./scenario.ts";

export interface Verdict {
  /** A write whose promise was fulfilled is not in the database. */
  readonly losesWrites: boolean;
  /** A transaction is there in part, or what it rolled back is. */
  readonly mixesTransactions: boolean;
  /** A transaction that failed has left something. */
  readonly keepsFailed: boolean;
  /** For how long no timer fired while a statement of `statementMs` ran. */
  readonly stoppedMs: number;
  readonly statementMs: number;
  /** Errors and missing features that explain the rest. */
  readonly remarks: readonly string[];
}

const INSERT = "INSERT INTO checks (name) VALUES (?)";
const COUNT = `
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
  SELECT count(*) AS n FROM numbers`;
/** About half a second. */
const NUMBERS = 4_000_000;
/** A step that takes longer hangs. */
const STEP_MS = 15_000;
/** Long enough that the others begin while this one is open. */
const OPEN_MS = 60;
const BEGUN_MS = 20;
/** A timer that is later than this share of a statement has waited for it. */
export const STOPPED_SHARE = 0.5;

export async function examine(subject: Subject): Promise<Verdict> {
  prepare(subject.path);
  const remarks: string[] = [];
  const contender = await openContender(subject);
  const together = await rollBackBesideOthers(contender, remarks);
  const failed = await failInside(contender, remarks);
  const loop = await runLongStatement(contender);
  // What is still open is nobody's acknowledged work.
  await withDeadline(Promise.resolve(contender.close()).catch(() => {}));
  const stored = readNames(subject.path);
  const isStored = (name: string): boolean => stored.has(name);
  return {
    losesWrites: [...together.acknowledged, ...failed.acknowledged].some((name) => !isStored(name)),
    mixesTransactions: isStored("undone 1") || isStored("undone 2") ||
      isStored("kept 1") !== isStored("kept 2"),
    keepsFailed: isStored("failed"),
    remarks,
    ...loop,
  };
}

function prepare(path: string): void {
  const raw = nativeDriver.open(path);
  raw.exec("DROP TABLE IF EXISTS checks; CREATE TABLE checks (name TEXT PRIMARY KEY)");
  raw.close();
}

function readNames(path: string): ReadonlySet<string> {
  const raw = nativeDriver.open(path);
  const rows = raw.prepare("SELECT name FROM checks").all() as { name: string }[];
  raw.close();
  return new Set(rows.map(({ name }) => name));
}

interface Outcome {
  readonly acknowledged: readonly string[];
}

async function rollBackBesideOthers(contender: Contender, remarks: string[]): Promise<Outcome> {
  const { transaction } = contender;
  if (transaction === undefined) {
    remarks.push("no transactions with callbacks");
    return { acknowledged: [] };
  }
  const insertTwo = (name: string, then: () => void): Work => async (tx) => {
    await tx.run(INSERT, [`${name} 1`]);
    await delay(OPEN_MS);
    await tx.run(INSERT, [`${name} 2`]);
    then();
  };
  const undone = settle(transaction(insertTwo("undone", () => {
    throw new Error("on purpose");
  })));
  await delay(BEGUN_MS);
  const kept = settle(transaction(insertTwo("kept", () => {})));
  const single = settle(attempt(() => contender.run(INSERT)(["single"])));
  const [first, second, third] = await Promise.all([undone, kept, single]);
  if (first !== "on purpose") remarks.push(`roll-back: ${first ?? "fulfilled"}`);
  if (second !== undefined) remarks.push(`second transaction: ${second}`);
  if (third !== undefined) remarks.push(`single write: ${third}`);
  return {
    acknowledged: [
      ...(second === undefined ? ["kept 1", "kept 2"] : []),
      ...(third === undefined ? ["single"] : []),
    ],
  };
}

async function failInside(contender: Contender, remarks: string[]): Promise<Outcome> {
  const { batch, transaction } = contender;
  const twice = ["failed", "failed"];
  const insert = async (tx: Transaction): Promise<void> => {
    for (const name of twice) await tx.run(INSERT, [name]);
  };
  const failing = transaction !== undefined
    ? attempt(() => transaction(insert))
    : attempt(() => batch!(twice.map((name) => ({ sql: INSERT, params: [name] }))));
  if (await settle(failing) === undefined) remarks.push("a failed statement was not reported");
  const after = await settle(attempt(() => contender.run(INSERT)(["after"])));
  if (after !== undefined) remarks.push(`write after a failure: ${after}`);
  return { acknowledged: after === undefined ? ["after"] : [] };
}

async function runLongStatement(
  contender: Contender,
): Promise<Pick<Verdict, "stoppedMs" | "statementMs">> {
  let last = performance.now();
  let longest = 0;
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const ticker = setInterval(tick, 2);
  const started = performance.now();
  await settle(attempt(() => contender.all(COUNT)([NUMBERS])));
  const statementMs = performance.now() - started;
  clearInterval(ticker);
  tick();
  return { stoppedMs: longest, statementMs };
}

/** A call that may throw at once, as a promise. */
async function attempt(call: () => unknown): Promise<unknown> {
  return await call();
}

/** Why it was rejected, in a line; undefined if it was fulfilled. */
async function settle(promise: unknown): Promise<string | undefined> {
  try {
    await withDeadline(Promise.resolve(promise));
    return undefined;
  } catch (error) {
    return (error as Error).message.split(/[.\n]/)[0];
  }
}

async function withDeadline(promise: Promise<unknown>): Promise<void> {
  const deadline = new AbortController();
  const late = delay(STEP_MS, undefined, { signal: deadline.signal }).then(() => {
    throw new Error(`nothing in ${STEP_MS / 1_000} s`);
  });
  late.catch(() => {});
  try {
    await Promise.race([promise, late]);
  } finally {
    deadline.abort();
  }
}
