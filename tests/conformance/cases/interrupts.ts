/** Statements that would run for a minute and more, stopped by those drivers that can. */

import assert from "node:assert/strict";

import { type Connection, QueryTimeoutError, SQLiteConnectionPool } from "../../../mod.ts";
import type { Case, Fixture } from "../suite.ts";

/** 10^15 steps, for drivers without recursive queries. */
const PRODUCT = "FROM n a, n b, n c, n d, n e";
const AGGREGATE = `SELECT sum(a.n + b.n) ${PRODUCT}`;
const INSERT = `INSERT INTO t SELECT a.n ${PRODUCT}`;
const RECURSIVE = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)";
const RECURSIVE_AGGREGATE = `${RECURSIVE} SELECT sum(n) FROM c`;
const RECURSIVE_INSERT = `${RECURSIVE} INSERT INTO t SELECT n FROM c`;

/** Long enough for a statement to start, short beside a minute. */
const MOMENT_MS = 100;

/** One connection, to a file with a table of a thousand numbers `n` and an empty one `t`. */
async function openPool({ driver, file, t }: Fixture): Promise<SQLiteConnectionPool> {
  const path = file();
  const pool = new SQLiteConnectionPool(() => driver.open(path, {}), { poolSize: 1 });
  t.after(() => pool.close({ timeoutMs: 0 }));
  await pool.execute("CREATE TABLE t (a)");
  await pool.execute("CREATE TABLE n (n INTEGER)");
  const numbers = Array.from({ length: 1_000 }, (_, n) => n);
  await pool.execute(`INSERT INTO n VALUES ${numbers.map((n) => `(${n})`).join(", ")}`);
  return pool;
}

/** The connection is the same as before, and usable; nothing of the statement is there. */
async function expectUnharmed(pool: SQLiteConnectionPool, fixture: Fixture): Promise<void> {
  assert.deepEqual(await pool.get("SELECT count(*) AS n FROM t"), { n: 0 });
  assert.equal(pool.stats.opened, 1);
  const other = await fixture.open(fixture.file());
  await other.execute("INSERT INTO t VALUES ('by another connection')");
  assert.deepEqual(await pool.get("SELECT a FROM t"), { a: "by another connection" });
}

/** What a driver has that cannot interrupt: nothing that claims to. */
async function claimsNothing({ open }: Fixture): Promise<void> {
  const { canInterrupt, interrupt } = await open();
  assert.equal(canInterrupt, undefined);
  assert.equal(interrupt, undefined);
}

async function onlyLimitsTime({ open }: Fixture): Promise<void> {
  const { canInterrupt, interrupt } = await open();
  assert.equal(canInterrupt, "by time limit");
  assert.equal(interrupt, undefined);
}

/** What a driver has that cannot interrupt by call: what it declares. */
async function asDeclared(fixture: Fixture): Promise<void> {
  await (fixture.has("interrupt") ? claimsNothing : onlyLimitsTime)(fixture);
}

/** An error for aborts that is told from all others. */
const REASON = new Error("changed my mind");

function abortAfterAMoment(controller: AbortController = new AbortController()): AbortSignal {
  setTimeout(() => controller.abort(REASON), MOMENT_MS);
  return controller.signal;
}

const byDeadline = (name: string, sql: string): Case => ({
  name,
  limit: "interrupt",
  async run(fixture) {
    const pool = await openPool(fixture);
    await assert.rejects(pool.execute(sql, [], { timeoutMs: MOMENT_MS }), QueryTimeoutError);
    await expectUnharmed(pool, fixture);
  },
  refused: claimsNothing,
});

const bySignal = (name: string, sql: string): Case => ({
  name,
  limit: ["interrupt", "interrupt-by-call"],
  async run(fixture) {
    const pool = await openPool(fixture);
    const signal = abortAfterAMoment();
    await assert.rejects(pool.execute(sql, [], { signal }), (error) => error === REASON);
    await expectUnharmed(pool, fixture);
  },
  refused: asDeclared,
});

export const interruptCases: readonly Case[] = [
  byDeadline("an aggregate ends at its deadline", AGGREGATE),
  byDeadline("an INSERT ends at its deadline, and has had no effect", INSERT),
  byDeadline("so does one with RETURNING", `${INSERT} RETURNING a`),
  bySignal("an aggregate ends with its signal", RECURSIVE_AGGREGATE),
  bySignal("a recursive INSERT ends with its signal, and has had no effect", RECURSIVE_INSERT),
  bySignal(
    "an INSERT OR FAIL, which has a transaction of its own, too",
    INSERT.replace(
      "INSERT",
      "INSERT OR FAIL",
    ),
  ),
  {
    name: "a transaction is told of its signal and rolled back",
    limit: ["interrupt", "interrupt-by-call"],
    async run(fixture) {
      for (const sql of [RECURSIVE_AGGREGATE, RECURSIVE_INSERT]) {
        const pool = await openPool(fixture);
        const told: unknown[] = [];
        const controller = new AbortController();
        const tell = (error: unknown): void => void told.push(error);
        const transaction = pool.transaction(async (tx: Connection) => {
          await tx.run("INSERT INTO t VALUES (1)");
          const endless = tx.run(sql);
          abortAfterAMoment(controller);
          await endless.catch(tell);
          await tx.run("INSERT INTO t VALUES (2)").catch(tell);
        }, { signal: controller.signal });
        await assert.rejects(transaction, (error) => error === REASON);
        assert.equal((told[0] as { code: string }).code, "SQLITE_INTERRUPT");
        assert.equal(told[1], REASON);
        await expectUnharmed(pool, fixture);
        await pool.execute("DROP TABLE t");
        await pool.execute("DROP TABLE n");
        await pool.close();
      }
    },
    refused: asDeclared,
  },
  {
    name: "a pool that is closed by force does not wait for a statement",
    limit: ["interrupt", "interrupt-by-call"],
    async run(fixture) {
      const pool = await openPool(fixture);
      const endless = assert.rejects(
        pool.withConnection((conn) => conn.execute(RECURSIVE_INSERT)),
        { code: "SQLITE_INTERRUPT" },
      );
      await pool.close({ timeoutMs: MOMENT_MS });
      await endless;
      const other = await fixture.open(fixture.file());
      await other.execute("INSERT INTO t VALUES (1)");
    },
    refused: asDeclared,
  },
];
