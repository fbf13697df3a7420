// Two processes move money through `write` while readers sum it up in `read`.
// The nightly run sets TRANSFERS=500000.
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { openDatabase } from "../../mod.ts";
import { runScript, temporaryDirectory } from "../helpers/runtime.ts";

const ACCOUNTS = 100;
const TOTAL = 100_000;
const transfers = Number(process.env.TRANSFERS ?? 20_000);

interface Report {
  readonly errors: number;
  readonly firstError: string;
  readonly sums: number;
  readonly wrongSums: number;
  readonly p99LoopDelayMs: number;
  readonly busyRetries: number;
}

test(`${transfers} transfers by two processes never change the sum`, async (t) => {
  const path = join(temporaryDirectory(t), "bank.db");
  const bank = await openDatabase(path, { onWarning: () => {} });
  await bank.run(
    "CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER CHECK (balance >= 0))",
  );
  const open = { sql: "INSERT INTO accounts VALUES (?, ?)" };
  await bank.batch(
    Array.from({ length: ACCOUNTS }, (_, id) => ({ ...open, params: [id, TOTAL / ACCOUNTS] })),
  );
  const half = String(Math.ceil(transfers / 2));
  const ended = await Promise.all(
    [0, 1].map(() => runScript("tests/database/bank_child.ts", [path, half])),
  );
  for (const { code, stdout, stderr } of ended) {
    assert.equal(code, 0, stderr);
    const report: Report = JSON.parse(stdout.trim().split("\n").at(-1)!);
    console.log(stdout.trim());
    assert.equal(report.errors, 0, report.firstError);
    assert.equal(report.wrongSums, 0);
    assert.ok(report.sums > 0);
  }
  assert.deepEqual(await bank.values("SELECT sum(balance) FROM accounts"), [[TOTAL]]);
  assert.deepEqual(await bank.values("PRAGMA integrity_check"), [["ok"]]);
  await bank.close();
});
