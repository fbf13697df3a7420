/** Transactions: what the connection knows of them, and what a rollback undoes. */

import assert from "node:assert/strict";

import type { DriverLimit } from "../../../adapters/limits.ts";
import { type DriverConnection, SQLiteError } from "../../../mod.ts";
import type { Case, Fixture } from "../suite.ts";

async function countIn(conn: DriverConnection): Promise<unknown> {
  return (await conn.execute("SELECT count(*) AS n FROM t")).rows[0].n;
}

async function withTable(conn: DriverConnection): Promise<DriverConnection> {
  await conn.execute("CREATE TABLE t (a UNIQUE)");
  return conn;
}

const modes: readonly string[] = ["BEGIN", "BEGIN DEFERRED", "BEGIN IMMEDIATE", "begin exclusive"];

const limitsOf = (begin: string): DriverLimit[] =>
  /exclusive/.test(begin) ? ["exclusive", "transactions"] : ["transactions"];

async function isRefused({ open }: Fixture, begin: string): Promise<void> {
  const conn = await open();
  await assert.rejects(conn.execute(begin), SQLiteError);
  assert.equal(conn.inTransaction, false);
}

export const transactionCases: readonly Case[] = [
  ...modes.flatMap((begin): Case[] => [
    {
      name: `${begin}, then COMMIT`,
      limit: limitsOf(begin),
      refused: (fixture) => isRefused(fixture, begin),
      async run({ open }) {
        const conn = await withTable(await open());
        assert.equal(conn.inTransaction, false);
        await conn.execute(begin);
        assert.equal(conn.inTransaction, true);
        await conn.execute("INSERT INTO t VALUES (1)");
        await conn.execute("COMMIT");
        assert.equal(conn.inTransaction, false);
        assert.equal(await countIn(conn), 1);
      },
    },
    {
      name: `${begin}, then rollback()`,
      limit: limitsOf(begin),
      refused: (fixture) => isRefused(fixture, begin),
      async run({ open }) {
        const conn = await withTable(await open());
        await conn.execute(begin);
        await conn.execute("INSERT INTO t VALUES (1)");
        await conn.rollback();
        assert.equal(conn.inTransaction, false);
        assert.equal(await countIn(conn), 0);
      },
    },
  ]),
  {
    name: "rollback() outside a transaction does nothing",
    async run({ open }) {
      const conn = await withTable(await open());
      await conn.rollback();
      await conn.rollback();
      assert.equal(conn.inTransaction, false);
    },
  },
  {
    name: "COMMIT outside a transaction is an error",
    async run({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute("COMMIT"), SQLiteError);
      await assert.rejects(conn.execute("ROLLBACK"), SQLiteError);
    },
  },
  {
    name: "BEGIN inside a transaction is an error, and the transaction goes on",
    limit: "transactions",
    refused: (fixture) => isRefused(fixture, "BEGIN"),
    async run({ open }) {
      const conn = await withTable(await open());
      await conn.execute("BEGIN");
      await conn.execute("INSERT INTO t VALUES (1)");
      await assert.rejects(conn.execute("BEGIN"), SQLiteError);
      assert.equal(conn.inTransaction, true);
      await conn.execute("END TRANSACTION");
      assert.equal(await countIn(conn), 1);
    },
  },
  {
    name: "an error inside a transaction leaves it open",
    limit: "transactions",
    refused: (fixture) => isRefused(fixture, "BEGIN"),
    async run({ open }) {
      const conn = await withTable(await open());
      await conn.execute("BEGIN");
      await conn.execute("INSERT INTO t VALUES (1)");
      await assert.rejects(conn.execute("INSERT INTO t VALUES (1)"), SQLiteError);
      assert.equal(conn.inTransaction, true);
      await conn.execute("COMMIT");
      assert.equal(await countIn(conn), 1);
    },
  },
  {
    name: "a conflict that rolls back ends the transaction",
    limit: "transactions",
    refused: (fixture) => isRefused(fixture, "BEGIN"),
    async run({ open }) {
      const conn = await withTable(await open());
      await conn.execute("BEGIN");
      await conn.execute("INSERT INTO t VALUES (1)");
      await assert.rejects(conn.execute("INSERT OR ROLLBACK INTO t VALUES (1)"), SQLiteError);
      assert.equal(conn.inTransaction, false);
      assert.equal(await countIn(conn), 0);
      await conn.execute("BEGIN");
      await conn.execute("COMMIT");
    },
  },
  {
    name: "savepoints nest inside a transaction",
    limit: "transactions",
    refused: (fixture) => isRefused(fixture, "BEGIN"),
    async run({ open }) {
      const conn = await withTable(await open());
      await conn.execute("BEGIN");
      await conn.execute("INSERT INTO t VALUES (1)");
      await conn.execute("SAVEPOINT s");
      await conn.execute("INSERT INTO t VALUES (2)");
      await conn.execute("ROLLBACK TO s");
      assert.equal(conn.inTransaction, true);
      await conn.execute("RELEASE s");
      await conn.execute("COMMIT");
      assert.equal(await countIn(conn), 1);
    },
  },
  {
    name: "a savepoint of its own is a transaction",
    limit: ["savepoint", "transactions"],
    async run({ open }) {
      const conn = await withTable(await open());
      await conn.execute("SAVEPOINT s");
      assert.equal(conn.inTransaction, true);
      await conn.execute("INSERT INTO t VALUES (1)");
      await conn.execute("RELEASE s");
      assert.equal(conn.inTransaction, false);
      assert.equal(await countIn(conn), 1);
    },
    async refused({ open }) {
      const conn = await open();
      await assert.rejects(conn.execute("SAVEPOINT s"), SQLiteError);
    },
  },
  {
    name: "a transaction in a script",
    limit: "transactions",
    refused: (fixture) => isRefused(fixture, "BEGIN"),
    async run({ open }) {
      const conn = await withTable(await open());
      await conn.executeScript("BEGIN; INSERT INTO t VALUES (1); COMMIT; BEGIN IMMEDIATE");
      assert.equal(conn.inTransaction, true);
      await conn.rollback();
      assert.equal(await countIn(conn), 1);
    },
  },
  {
    name: "what is not committed is not seen by another connection",
    limit: "transactions",
    refused: (fixture) => isRefused(fixture, "BEGIN"),
    async run({ open, file }) {
      const path = file();
      const writer = await open(path);
      await writer.execute("PRAGMA journal_mode = WAL");
      await withTable(writer);
      const reader = await open(path);
      assert.equal(await countIn(reader), 0);
      await writer.execute("BEGIN IMMEDIATE");
      await writer.execute("INSERT INTO t VALUES (1)");
      assert.equal(await countIn(reader), 0);
      await writer.execute("COMMIT");
      assert.equal(await countIn(reader), 1);
    },
  },
];
