// What the connection over an asynchronous handle lets be stopped.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AsyncDriverConnection, type AsyncHandle } from "../../src/driver/async_connection.ts";
import type { Outcome } from "../../src/sqlite/outcome.ts";

const NOTHING: Outcome = { columns: [], rows: [], changes: 0, lastInsertRowid: 0 };

/** A handle whose statement ends when it is told to. */
class StubHandle implements AsyncHandle {
  readonly raw = {};
  readonly nulText = "allowed";
  readonly inTransaction = true;
  readonly inTransactionIsCertain = true;
  readonly canInterrupt = "by call";
  interrupts = 0;
  limits: (number | undefined)[] = [];
  end: () => void = () => {};

  run(_statement: unknown, _values: unknown, timeoutMs?: number): Promise<Outcome> {
    this.limits.push(timeoutMs);
    return new Promise((resolve) => this.end = () => resolve(NOTHING));
  }

  interrupt(): void {
    this.interrupts += 1;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  resultCodeOf(): undefined {
    return undefined;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test("a statement can be interrupted while it runs, and nothing before or after it", async () => {
  const handle = new StubHandle();
  const connection = new AsyncDriverConnection(handle);
  connection.interrupt!();
  assert.equal(handle.interrupts, 0);
  const call = connection.execute("SELECT 1", [], { timeoutMs: 7 });
  await turn();
  connection.interrupt!();
  assert.equal(handle.interrupts, 1);
  handle.end();
  await call;
  connection.interrupt!();
  assert.equal(handle.interrupts, 1);
  assert.deepEqual(handle.limits, [7]);
});

test("what begins or ends a transaction is neither interrupted nor limited", async () => {
  for (
    const sql of [
      "BEGIN IMMEDIATE",
      "COMMIT",
      "END",
      "ROLLBACK",
      "SAVEPOINT a",
      "ROLLBACK TO a",
      "RELEASE a",
    ]
  ) {
    const handle = new StubHandle();
    const connection = new AsyncDriverConnection(handle);
    const call = connection.execute(sql, [], { timeoutMs: 7 });
    await turn();
    connection.interrupt!();
    handle.end();
    await call;
    assert.equal(handle.interrupts, 0, sql);
    assert.deepEqual(handle.limits, [undefined], sql);
  }
});
