// Callers who give up while COMMIT is on its way to a thread: whoever is told that a write was
// rolled back finds nothing of it, and whoever is told nothing certain gets a typed error.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Database, OutcomeUnknownError } from "../../mod.ts";
import { openTestDatabase } from "../helpers/databases.ts";
import { counting } from "../helpers/workers.ts";

const INSERT = "INSERT INTO t VALUES (?)";
/** Each gives up at another moment: after so many turns of the event loop. */
const TRIES = 40;

const WRITES: Readonly<
  Record<string, (db: Database, n: number, signal: AbortSignal) => Promise<unknown>>
> = {
  run: (db, n, signal) => db.run(INSERT, [n], { signal }),
  batch: (db, n, signal) => db.batch([{ sql: INSERT, params: [n] }], { signal }),
  write: (db, n, signal) => db.write((tx) => tx.run(INSERT, [n]), { signal }),
};

for (const [name, write] of Object.entries(WRITES)) {
  test(`${name} tells no rollback of what was committed, whenever its caller gives up`, async (t) => {
    const { db } = await openTestDatabase(t, { execution: "worker" });
    await db.run("CREATE TABLE t (n)");
    const told = { committed: [] as number[], undone: [] as number[] };
    for (let n = 0; n < TRIES; n++) {
      const controller = new AbortController();
      const reason = new RangeError("enough");
      const call = write(db, n, controller.signal).then(
        () => told.committed.push(n),
        (error) => {
          if (error instanceof OutcomeUnknownError) return;
          assert.equal(error, reason);
          told.undone.push(n);
        },
      );
      for (let turn = 0; turn < n % 8; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      controller.abort(reason);
      await call;
    }
    const stored = new Set((await db.values("SELECT n FROM t")).flat());
    assert.deepEqual(told.committed.filter((n) => !stored.has(n)), [], "told committed, and lost");
    assert.deepEqual(told.undone.filter((n) => stored.has(n)), [], "told undone, and there");
  });
}

test("run past its timeoutMs does not say that it had no turn, when it has had one", async (t) => {
  const { db } = await openTestDatabase(t, { execution: "worker" });
  await db.run("CREATE TABLE t (n)");
  const slow = db.run(`INSERT INTO t ${counting(3_000_000)}`, [], { timeoutMs: 1 });
  await assert.rejects(slow, OutcomeUnknownError);
});
