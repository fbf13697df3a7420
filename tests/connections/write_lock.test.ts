// When a process leaves the write lock to others, on a clock that moves only when told to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BusyRetry } from "../../src/connections/locking/busy_retry.ts";
import { GAP_MS, LockTenure, WriteLock } from "../../src/connections/locking/write_lock.ts";
import { SQLiteError } from "../../src/sqlite/errors.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { randomFrom } from "../helpers/random.ts";

const TRANSACTION_MS = 1;

/** Holds the lock for transaction after transaction; tells how many there were before a gap. */
function transactionsUntilGap(tenure: LockTenure, from: number, most: number): number {
  let now = from;
  for (let count = 1; count <= most; count++) {
    tenure.took(now);
    now += TRANSACTION_MS;
    if (tenure.left(now) > 0) return count;
  }
  return Infinity;
}

test("a process that has met nobody never leaves a gap", () => {
  const tenure = new LockTenure();
  assert.equal(tenure.alone, true);
  assert.equal(transactionsUntilGap(tenure, 0, 100_000), Infinity);
});

test("one that has met others leaves a gap after ten milliseconds", () => {
  const tenure = new LockTenure();
  tenure.metOthers(0);
  assert.equal(tenure.alone, false);
  assert.equal(transactionsUntilGap(tenure, 0, 100_000), 10);
});

test("time without the lock is not held against it", () => {
  const tenure = new LockTenure();
  tenure.metOthers(0);
  for (let now = 0; now < 1_000; now += TRANSACTION_MS + GAP_MS) {
    tenure.took(now);
    assert.equal(tenure.left(now + TRANSACTION_MS), 0);
  }
});

test("each gap in vain doubles the tenure until the process is alone again", () => {
  const tenure = new LockTenure();
  tenure.metOthers(0);
  const tenures: number[] = [];
  let now = 0;
  while (!tenure.alone) {
    const count = transactionsUntilGap(tenure, now, 100_000);
    tenures.push(count);
    now += count * TRANSACTION_MS;
  }
  assert.deepEqual(tenures, [10, 20, 40, 80, 160, 320, 640, 1_280]);
  assert.equal(transactionsUntilGap(tenure, now, 100_000), Infinity);
});

test("to meet others again makes the tenure short again", () => {
  const tenure = new LockTenure();
  tenure.metOthers(0);
  assert.equal(transactionsUntilGap(tenure, 0, 100_000), 10);
  assert.equal(transactionsUntilGap(tenure, 10, 100_000), 20);
  tenure.metOthers(40);
  assert.equal(transactionsUntilGap(tenure, 40, 100_000), 10);
});

interface Contended {
  readonly clock: FakeClock;
  readonly busy: BusyRetry<object>;
  /** When each transaction began. */
  readonly begun: number[];
  /** Runs transactions of a millisecond, one after the other. */
  write(transactions: number): Promise<void>;
}

/** A process that has just waited for another one. */
async function contended(): Promise<Contended> {
  const clock = new FakeClock();
  const environment = { clock, random: randomFrom(1) };
  const busy = new BusyRetry<object>(environment, 5_000, new WriteLock(environment), "writers");
  const begun: number[] = [];
  const write = async (transactions: number): Promise<void> => {
    for (let count = 0; count < transactions; count++) {
      const holder = {};
      await busy.inTurn(holder, () => begun.push(clock.now()));
      clock.pass(TRANSACTION_MS);
      busy.leave(holder);
    }
  };
  const first = {};
  let tries = 0;
  const waited = busy.inTurn(first, () => {
    tries += 1;
    if (tries === 1) throw new SQLiteError("database is locked", resultCode.BUSY);
  });
  await settle();
  await clock.advance(2);
  await waited;
  busy.leave(first);
  await clock.advance(GAP_MS);
  return { clock, busy, begun, write };
}

test("between two transactions the lock is nobody's for the length of a gap", async () => {
  const { clock, begun, write } = await contended();
  const startedAt = clock.now();
  const written = write(12);
  await settle(() => begun.length);
  assert.equal(begun.length, 10);
  await clock.advance(GAP_MS - 1);
  assert.equal(begun.length, 10);
  await clock.advance(1);
  await written;
  assert.equal(begun[10] - startedAt, 10 * TRANSACTION_MS + GAP_MS);
  assert.equal(clock.pending, 0);
});

test("a gap that nobody waits for takes no timer", async () => {
  const { clock, busy, begun, write } = await contended();
  await write(10);
  assert.equal(clock.pending, 0);
  assert.equal(busy.tryTake({}), false);
  clock.pass(GAP_MS);
  assert.equal(busy.tryTake({}), true);
  assert.equal(begun.length, 10);
});

test("those who wait for the end of a gap keep their order", async () => {
  const { clock, busy, write } = await contended();
  await write(10);
  const order: string[] = [];
  const enter = async (name: string): Promise<void> => {
    const holder = {};
    await busy.inTurn(holder, () => order.push(name));
    busy.leave(holder);
  };
  const first = enter("first");
  const second = enter("second");
  // The gap is over, and its timer has had no chance yet.
  clock.pass(GAP_MS);
  const late = enter("late");
  await settle();
  assert.deepEqual(order, []);
  await clock.advance(0);
  await Promise.all([first, second, late]);
  assert.deepEqual(order, ["first", "second", "late"]);
});

test("whoever waits when a gap begins has the turn at its end", async () => {
  const { clock, busy, begun, write } = await contended();
  await write(9);
  const holder = {};
  await busy.inTurn(holder, () => {});
  const waiting = write(1);
  clock.pass(TRANSACTION_MS);
  busy.leave(holder);
  await clock.advance(GAP_MS - 1);
  assert.equal(begun.length, 9);
  await clock.advance(1);
  assert.equal(begun.length, 10);
  await waiting;
});

test("a wait for the end of a gap ends with its signal", async () => {
  const { clock, busy, write } = await contended();
  await write(10);
  const aborter = new AbortController();
  const waiting = busy.inTurn({}, () => {}, { signal: aborter.signal });
  const reason = new Error("no longer wanted");
  aborter.abort(reason);
  await assert.rejects(waiting, reason);
  await clock.advance(GAP_MS);
  assert.deepEqual([clock.pending, busy.waiting], [0, 0]);
  assert.equal(busy.tryTake({}), true);
});

test("nobody has the turn beside another when a wait for the end of a gap was given up", async () => {
  const { clock, busy, write } = await contended();
  await write(10);
  const aborter = new AbortController();
  const givenUp = busy.inTurn({}, () => {}, { signal: aborter.signal });
  aborter.abort();
  await assert.rejects(givenUp, { name: "AbortError" });
  // The gap is over, and its timer has had no chance yet.
  clock.pass(GAP_MS);
  const [first, second] = [{}, {}];
  const entered: string[] = [];
  const both = [
    busy.inTurn(first, () => entered.push("first")),
    busy.inTurn(second, () => entered.push("second")),
  ];
  await settle();
  await clock.advance(0);
  assert.deepEqual(entered, ["first"]);
  busy.leave(first);
  await Promise.all(both);
  assert.deepEqual(entered, ["first", "second"]);
  assert.equal(clock.pending, 0);
});

/** Callers come, wait, give up, hold the turn and leave it in an order that the seed decides. */
async function runSchedule(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const clock = new FakeClock();
  const environment = { clock, random };
  const busy = new BusyRetry<object>(environment, 50, new WriteLock(environment), "writers");
  let happenings = 0;
  let unsettled = 0;
  let lastToEnter = -1;
  const failures: unknown[] = [];
  const holders: object[] = [];
  const aborters: AbortController[] = [];
  const come = async (number: number): Promise<void> => {
    const holder = {};
    const aborter = new AbortController();
    aborters.push(aborter);
    let locked = random() < 0.3;
    const attempt = (): void => {
      assert.ok(busy.isHeldBy(holder), "a statement ran without the turn");
      if (locked) {
        locked = random() < 0.5;
        throw new SQLiteError("database is locked", resultCode.BUSY);
      }
    };
    unsettled += 1;
    try {
      await busy.inTurn(holder, attempt, { signal: aborter.signal });
      assert.equal(holders.length, 0, "two had the turn");
      assert.ok(number > lastToEnter, "a later one came first");
      lastToEnter = number;
      holders.push(holder);
    } catch (error) {
      if (error instanceof assert.AssertionError) failures.push(error);
      busy.leave(holder);
    } finally {
      unsettled -= 1;
      happenings += 1;
    }
  };
  const leave = (): void => {
    for (const holder of holders.splice(0)) busy.leave(holder);
  };
  for (let step = 0; step < 200; step++) {
    const choice = random();
    if (choice < 0.35) void come(step);
    else if (choice < 0.5) aborters.at(-1)?.abort();
    else if (choice < 0.7) leave();
    else if (choice < 0.85) clock.pass(random() * 12);
    else await clock.advance(random() * 6);
    await settle(() => happenings);
  }
  while (unsettled > 0) {
    leave();
    await clock.advance(1);
    await settle(() => happenings);
  }
  leave();
  await clock.advance(GAP_MS);
  assert.deepEqual(failures, []);
  assert.deepEqual([busy.waiting, clock.pending], [0, 0]);
}

test("in 100 random schedules one at a time has the turn, in order, and every wait ends", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    try {
      await runSchedule(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

test("a reader needs no turn, and a writer that is alone neither", () => {
  const clock = new FakeClock();
  const environment = { clock, random: randomFrom(1) };
  const turn = new WriteLock<object>(environment);
  const writer = new BusyRetry<object>(environment, 5_000, turn, "writers");
  const reader = new BusyRetry<object>(environment, 5_000, turn);
  const [holder, waiter] = [{}, {}];
  turn.tryTake(holder);
  assert.deepEqual([writer.mayRun(waiter), reader.mayRun(waiter)], [true, true]);
  turn.metOthers();
  assert.deepEqual([writer.mayRun(waiter), reader.mayRun(waiter)], [false, true]);
  assert.equal(writer.mayRun(holder), true);
});
