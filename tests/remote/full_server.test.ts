/** A server that has no connection left turns requests away, and may take them a moment later. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { PolledSlots, QueuedSlots, type Slots } from "../../src/remote/hrana/slots.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { SharedServer } from "./helpers/databases.ts";
import { noServers } from "./helpers/sqld.ts";

const shared = new SharedServer();
after(() => shared.remove());

/** As a libSQL server does it: after a second, which is how long it looks for a connection. */
async function turnAway(): Promise<Response> {
  await delay(1_100);
  const error = "Timed out while opening database connection";
  return new Response(JSON.stringify({ error }), { status: 429 });
}

const calls = "whatever a full server turns away is sent again";
test(calls, skipFor(calls, noServers), async (t) => {
  const toTurnAway = new Set<string>();
  const db = await shared.open(t, {
    fetch(url, init) {
      const [, verb = ""] = /"sql":"(\w+)/.exec(String(init.body)) ?? [];
      return toTurnAway.delete(verb) ? turnAway() : fetch(url, init);
    },
  });
  await db.run("CREATE TABLE t (n INTEGER)");
  for (const verb of ["SELECT", "DELETE", "BEGIN", "COMMIT"]) toTurnAway.add(verb);
  assert.deepEqual(
    await Promise.all([
      db.get("SELECT 1 AS one"),
      db.run("DELETE FROM t").then(({ rowsAffected }) => rowsAffected),
      db.write(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        return await tx.get("SELECT n FROM t");
      }),
    ]),
    [{ one: 1 }, 0, { n: 1 }],
  );
  assert.equal(toTurnAway.size, 0);
});

/** Takes slots until there are no more. */
async function takeAll(slots: Slots): Promise<(() => void)[]> {
  const { signal } = new AbortController();
  const held: (() => void)[] = [];
  for (let i = 0; i < 100; i++) held.push(await slots.take(signal));
  return held;
}

const kinds: Readonly<Record<string, (clock: FakeClock) => Slots>> = {
  queued: () => new QueuedSlots(),
  polled: (clock) => new PolledSlots({ clock, random: () => 0.5 }),
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind} slots: one that is given back twice counts once`, async () => {
    const clock = new FakeClock();
    const slots = make(clock);
    const [release] = await takeAll(slots);
    release();
    release();
    const taken: string[] = [];
    const leaving = new AbortController();
    slots.take(leaving.signal).then(() => taken.push("first"));
    const second = slots.take(leaving.signal);
    await clock.advance(5_000);
    assert.deepEqual(taken, ["first"]);
    leaving.abort(new Error("given up"));
    const refused = assert.rejects(second, /given up/);
    await clock.advance(100);
    await refused;
  });
}

test("polled slots: a holder whose timers have stopped holds nothing after a second", async () => {
  const clock = new FakeClock();
  const stopped = new Set<unknown>();
  // Those of a request that was cancelled never fire.
  const requestClock = Object.assign(Object.create(clock) as FakeClock, {
    now: () => clock.now(),
    cancel: (timer: unknown) => clock.cancel(timer),
    schedule: (...args: Parameters<FakeClock["schedule"]>) => {
      const timer = clock.schedule(...args);
      stopped.add(timer);
      return timer;
    },
  });
  const slots = new PolledSlots({ clock: requestClock, random: () => 0.5 });
  await takeAll(slots);
  for (const timer of stopped) clock.cancel(timer);
  let state = "waiting";
  slots.take(new AbortController().signal).then(() => state = "taken");
  await clock.advance(900);
  assert.equal(state, "waiting");
  await clock.advance(200);
  await settle();
  assert.equal(state, "taken");
});
