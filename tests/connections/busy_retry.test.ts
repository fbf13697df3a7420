// Waits for the write lock, on a clock that moves only when told to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BusyRetry } from "../../src/connections/locking/busy_retry.ts";
import { WriteLock } from "../../src/connections/locking/write_lock.ts";
import { SQLiteError } from "../../src/sqlite/errors.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { randomFrom } from "../helpers/random.ts";

const BUSY_TIMEOUT_MS = 5_000;

interface Waits {
  readonly clock: FakeClock;
  readonly busy: BusyRetry<object>;
}

function makeWaits(): Waits {
  const clock = new FakeClock();
  const environment = { clock, random: randomFrom(1) };
  const busy = new BusyRetry<object>(environment, BUSY_TIMEOUT_MS, new WriteLock(environment));
  return { clock, busy };
}

const locked = (): never => {
  throw new SQLiteError("database is locked", resultCode.BUSY);
};

/** What a promise has come to. */
function watch(promise: Promise<unknown>): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: "waits" };
  promise.then((value) => watched.outcome = value, (error) => watched.outcome = error);
  return watched;
}

test("a signal ends the wait for the turn, and the next one in the queue gets it", async () => {
  const { clock, busy } = makeWaits();
  const [holder, impatient, patient] = [{}, {}, {}];
  await busy.inTurn(holder, () => {});
  const aborter = new AbortController();
  const first = watch(busy.inTurn(impatient, () => "first", { signal: aborter.signal }));
  const second = watch(busy.inTurn(patient, () => "second"));
  await settle();
  assert.equal(busy.waiting, 2);
  const reason = new Error("no longer wanted");
  aborter.abort(reason);
  await settle();
  assert.equal(first.outcome, reason);
  assert.equal(busy.waiting, 1);
  assert.equal(busy.counters.aborts, 1);
  busy.leave(holder);
  await settle();
  assert.equal(second.outcome, "second");
  assert.equal(busy.isHeldBy(patient), true);
  assert.equal(busy.waiting, 0);
  assert.equal(clock.pending, 0);
});

test("calls of one holder that wait together get the turn together", async () => {
  const { clock, busy } = makeWaits();
  const [other, holder, next] = [{}, {}, {}];
  await busy.inTurn(other, () => {});
  const calls = [1, 2].map((call) => watch(busy.inTurn(holder, () => call)));
  const later = watch(busy.inTurn(next, () => "next"));
  busy.leave(other);
  await settle();
  // The holder has a transaction open by now, and keeps the turn.
  assert.deepEqual(calls.map(({ outcome }) => outcome), [1, 2]);
  assert.equal(later.outcome, "waits");
  busy.leave(holder);
  await settle();
  assert.equal(later.outcome, "next");
  assert.equal(clock.pending, 0);
});

test("a signal that has aborted already ends the wait at once", async () => {
  const { clock, busy } = makeWaits();
  await busy.inTurn({}, () => {});
  const reason = new Error("too late");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(busy.inTurn({}, () => {}, { signal }), reason);
  assert.deepEqual([busy.waiting, busy.counters.aborts, clock.pending], [0, 1, 0]);
});

test("a deadline ends the wait for the turn with the caller's error", async () => {
  const { clock, busy } = makeWaits();
  const holder = {};
  await busy.inTurn(holder, () => {});
  const tooLate = new Error("the call took too long");
  const limit = { deadline: 100, timedOut: () => tooLate };
  const limited = watch(busy.inTurn({}, () => {}, limit));
  await settle();
  await clock.advance(99);
  assert.equal(limited.outcome, "waits");
  await clock.advance(1);
  assert.equal(limited.outcome, tooLate);
  assert.deepEqual([busy.waiting, busy.counters.timeouts, clock.pending], [0, 1, 0]);
  assert.equal(busy.isHeldBy(holder), true);
});

test("a deadline ends the wait for another process with the caller's error", async () => {
  const { clock, busy } = makeWaits();
  let cause: unknown;
  const tooLate = new Error("the call took too long");
  const timedOut = (last: unknown): Error => {
    cause = last;
    return tooLate;
  };
  const limited = watch(busy.inTurn({}, locked, { deadline: 100, timedOut }));
  await settle();
  await clock.advance(99);
  assert.equal(limited.outcome, "waits");
  assert.equal(busy.waiting, 1);
  await clock.advance(1);
  assert.equal(limited.outcome, tooLate);
  assert.ok(cause instanceof SQLiteError);
  assert.deepEqual([busy.waiting, busy.counters.timeouts, clock.pending], [0, 1, 0]);
});

test("a signal ends the wait for another process", async () => {
  const { clock, busy } = makeWaits();
  const aborter = new AbortController();
  let tries = 0;
  const attempt = (): never => {
    tries += 1;
    return locked();
  };
  const aborted = watch(busy.inTurn({}, attempt, { signal: aborter.signal }));
  await settle();
  await clock.advance(50);
  const triesBefore = tries;
  const reason = new Error("no longer wanted");
  aborter.abort(reason);
  await settle();
  assert.equal(aborted.outcome, reason);
  assert.equal(tries, triesBefore, "no statement is sent for a caller who has left");
  assert.deepEqual([busy.waiting, busy.counters.aborts, clock.pending], [0, 1, 0]);
});

test("busyTimeoutMs ends every wait, whatever the caller's own deadline is", async () => {
  const { clock, busy } = makeWaits();
  const timedOut = (): Error => new Error("the call took too long");
  const limit = { deadline: 2 * BUSY_TIMEOUT_MS, timedOut };
  const polling = watch(busy.inTurn({}, locked, limit));
  const queued = watch(busy.inTurn({}, () => {}, limit));
  await settle();
  await clock.advance(BUSY_TIMEOUT_MS);
  for (const { outcome } of [polling, queued]) {
    assert.ok(outcome instanceof SQLiteError);
    assert.match(outcome.message, /was locked for 5000 ms/);
  }
  assert.deepEqual([busy.waiting, busy.counters.timeouts, clock.pending], [0, 2, 0]);
});
