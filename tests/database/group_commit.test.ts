import assert from "node:assert/strict";
import { test } from "node:test";
import { gate } from "../helpers/pools.ts";
import { openTestDatabase } from "../helpers/databases.ts";

const INSERT = "INSERT INTO t VALUES (?)";

for (const execution of ["inline", "worker"] as const) {
  const titled = (title: string): string =>
    execution === "worker" ? `${title} (in threads)` : title;

  test(titled("writes that meet in the queue share a commit"), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.executeScript("CREATE TABLE t (n INTEGER UNIQUE); CREATE TABLE c (v)");
    const before = (await db.values("PRAGMA data_version"))[0][0];
    const leases = db.stats.writer!.acquired;
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => db.run(`${INSERT} RETURNING n`, [n])),
    );
    assert.deepEqual(
      results.map(({ rows }) => rows[0].n),
      Array.from({ length: 100 }, (_, n) => n),
    );
    assert.deepEqual(await db.values("SELECT count(*), sum(n) FROM t"), [[100, 4950]]);
    assert.notEqual((await db.values("PRAGMA data_version"))[0][0], before);
    assert.equal(db.stats.writer!.acquired - leases, 1, "one lease for the whole group");
  });

  test(titled("one failing write among 99 good ones fails alone"), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n INTEGER UNIQUE)");
    const settled = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => db.run(INSERT, [n === 50 ? 49 : n])),
    );
    const failed = settled.flatMap((result, n) =>
      result.status === "rejected" ? [{ n, code: result.reason.extendedCode }] : []
    );
    assert.deepEqual(failed, [{ n: 50, code: "SQLITE_CONSTRAINT_UNIQUE" }]);
    assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[99]]);
  });

  test(titled("a write that rolls everything back takes nobody with it"), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n INTEGER UNIQUE)");
    // Known to be quick, so that a thread is sent all of them at once.
    const insertOrRollback = "INSERT OR ROLLBACK INTO t VALUES (?)";
    await db.run(insertOrRollback, [3]);
    await db.run(INSERT, [5]);
    const settled = await Promise.allSettled([
      db.run(INSERT, [1]),
      db.run(INSERT, [2]),
      db.run(insertOrRollback, [3]),
      db.run(INSERT, [4]),
    ]);
    assert.deepEqual(settled.map(({ status }) => status), [
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    assert.deepEqual(await db.values("SELECT n FROM t ORDER BY n"), [[1], [2], [3], [4], [5]]);
  });

  test(titled("a commit that fails because of one write fails that write only"), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.executeScript(`
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    `);
    const settled = await Promise.allSettled([
      db.run("INSERT INTO parent VALUES (1)"),
      db.run("INSERT INTO child VALUES (99)"),
      db.run("INSERT INTO child VALUES (1)"),
    ]);
    assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(await db.values("SELECT id FROM child"), [[1]]);
  });

  test(titled("bad parameters and bad SQL fail alone too"), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    const settled = await Promise.allSettled([
      db.run(INSERT, [1]),
      db.run(INSERT, [new Date() as unknown as string]),
      db.run("INSERT INTO nowhere VALUES (1)"),
      db.run(INSERT, []),
      db.run(INSERT, [2]),
    ]);
    assert.deepEqual(settled.map(({ status }) => status === "fulfilled"), [
      true,
      false,
      false,
      false,
      true,
    ]);
    assert.deepEqual(await db.values("SELECT n FROM t ORDER BY n"), [[1], [2]]);
  });

  test(titled("order is kept between runs, writes, batches and scripts"), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    await Promise.all([
      db.run(INSERT, [1]),
      db.write((tx) => tx.run(INSERT, [2])),
      db.run(INSERT, [3]),
      db.run(INSERT, [4]),
      db.batch([{ sql: INSERT, params: [5] }]),
      db.run(INSERT, [6]),
      db.executeScript("INSERT INTO t VALUES (7)"),
      db.run("CREATE TABLE other (n)"),
      db.run(INSERT, [8]),
    ]);
    const order = (await db.values("SELECT n FROM t ORDER BY rowid")).map(([n]) => n);
    assert.deepEqual(order, [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test(titled("nobody is answered before the commit"), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    const answers = await Promise.all([1, 2, 3].map(async (n) => {
      await db.run(INSERT, [n]);
      return (await db.values("SELECT count(*) FROM t WHERE n = ?", [n]))[0][0];
    }));
    assert.deepEqual(answers, [1, 1, 1], "a reader sees what was acknowledged");
  });

  test(titled("a queued write can be aborted, and one that waits too long fails"), async (t) => {
    const { db } = await openTestDatabase(t, { execution });
    await db.run("CREATE TABLE t (n)");
    const holding = gate();
    const writing = db.write(() => holding.opened);
    const controller = new AbortController();
    const aborted = db.run(INSERT, [1], { signal: controller.signal });
    const late = db.run(INSERT, [2], { timeoutMs: 1 });
    const patient = db.run(INSERT, [3]);
    controller.abort("changed my mind");
    await assert.rejects(aborted, (reason) => reason === "changed my mind");
    await assert.rejects(late, {
      name: "PoolConnectionAcquireTimeoutError",
      message: /within 1 ms/,
    });
    holding.open();
    await Promise.all([writing, patient]);
    assert.deepEqual(await db.values("SELECT n FROM t"), [[3]]);
  });

  test(
    titled("a full disk fails the writes that did not fit, and keeps those that did"),
    async (t) => {
      const { db } = await openTestDatabase(t, { execution });
      await db.run("CREATE TABLE t (n, data BLOB)");
      // What the file may not grow beyond is what the disk has no room for.
      await db.run("PRAGMA max_page_count = 60");
      const settled = await Promise.allSettled(
        Array.from(
          { length: 20 },
          (_, n) => db.run("INSERT INTO t VALUES (?, zeroblob(20000))", [n]),
        ),
      );
      const failed = settled.filter(({ status }) => status === "rejected");
      assert.ok(failed.length > 0 && failed.length < 20, `${failed.length} of 20 failed`);
      for (const { reason } of failed as PromiseRejectedResult[]) {
        assert.equal(reason.code, "SQLITE_FULL");
      }
      assert.deepEqual(await db.values("SELECT count(*) FROM t"), [[20 - failed.length]]);
      await db.run("DELETE FROM t");
      await db.run("INSERT INTO t VALUES (1, NULL)");
      assert.deepEqual(await db.values("PRAGMA integrity_check"), [["ok"]]);
    },
  );
}

test("a group of slow writes ends early, even while reads take the turns of the event loop", async (t) => {
  const { db } = await openTestDatabase(t, { execution: "auto" });
  await db.run("CREATE TABLE t (n)");
  // Some milliseconds each, as is known after the first.
  const slow = "INSERT INTO t SELECT count(*) FROM (WITH RECURSIVE c(n) AS " +
    "(VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT n FROM c)";
  for (let n = 0; n < 5; n++) await db.run(slow);
  for (let n = 0; n < 500; n++) await db.get("SELECT ?", [n]);
  let answered = 0;
  const writes = Array.from({ length: 100 }, () => db.run(slow).then(() => answered += 1));
  let state = "writing" as "writing" | "done";
  const reads = Array.from({ length: 50 }, async () => {
    while (state === "writing") await db.get("SELECT ?", [1]);
  });
  await Promise.race(writes);
  const together = answered;
  state = "done";
  await Promise.all([...reads, ...writes]);
  assert.ok(together < 50, `${together} of 100 writes shared the first commit`);
});
