import assert from "node:assert/strict";
import { test } from "node:test";
import { QueuedWrite, type WriteResult } from "../../src/database/writing/queued_write.ts";
import { Waiter } from "../../src/pool/wait_queue.ts";
import { FakeClock } from "../helpers/fake_clock.ts";

test("a write that was to be stopped does not run again, although its connection goes on", async () => {
  const clock = new FakeClock();
  const caller = new Waiter<WriteResult>(clock.now(), undefined);
  const controller = new AbortController();
  const reason = new Error("enough");
  const write = new QueuedWrite(
    {
      ...{ sql: "INSERT INTO t VALUES (1)", params: undefined, rows: {} },
      ...{ signal: controller.signal, waitMs: Infinity, limitMs: Infinity },
    },
    caller,
    clock,
    undefined,
  );
  // It leaves the queue to share a transaction, which fails.
  caller.take = () => true;
  // The commit of another write is in progress, and the process is spared.
  let stops = 0;
  const stop = (): boolean => {
    stops += 1;
    return true;
  };
  assert.equal(write.send(stop), true);
  controller.abort(reason);
  await clock.advance(10);
  assert.equal(stops, 1);
  assert.equal(write.send(stop), false);
  await assert.rejects(caller.promise, reason);
  assert.equal(clock.pending, 0);
});
