/** Interactive transactions, some of which take longer than the server lets them. */

import assert from "node:assert/strict";
import process from "node:process";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { SQLiteError } from "../../mod.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { SharedServer } from "./helpers/databases.ts";
import { noServers } from "./helpers/sqld.ts";

const shared = new SharedServer();
after(() => shared.remove());

/** Every twentieth one stalls. The server gives it 5 seconds while others wait. */
const TRANSACTIONS = process.env.CLUSTER_OPERATIONS === undefined ? 40 : 1_000;
const CALLERS = 20;
const STALL_MS = 6_000;
const APPEND = "INSERT INTO part (transaction_id) VALUES (?)";

const title = "transactions that stall beyond the server's limit: none is half applied";
test(title, skipFor(title, noServers), async (t) => {
  // The last one may wait for all that stall before it.
  const limitMs = TRANSACTIONS * STALL_MS;
  const db = await shared.open(t, { queryTimeoutMs: limitMs, acquisitionTimeoutMs: limitMs });
  await db.run("CREATE TABLE part (transaction_id)");
  const outcomes = new Map<number, "done" | "ended">();
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < TRANSACTIONS) {
      const id = next++;
      try {
        await db.write(async (tx) => {
          await tx.run(APPEND, [id]);
          if (id % 20 === 7) await delay(STALL_MS);
          await tx.run(APPEND, [id]).catch(() => {});
          await tx.run(APPEND, [id]).catch(() => {});
        });
        outcomes.set(id, "done");
      } catch (error) {
        assert.ok(error instanceof SQLiteError, String(error));
        assert.ok(["SQLITE_ABORT", "SQLITE_BUSY"].includes(error.code), String(error));
        outcomes.set(id, "ended");
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  const counts = await db.values("SELECT transaction_id, count(*) FROM part GROUP BY 1 ORDER BY 1");
  const done = [...outcomes].filter(([, outcome]) => outcome === "done").map(([id]) => id);
  assert.deepEqual(counts, done.sort((a, b) => a - b).map((id) => [id, 3]));
  const ended = TRANSACTIONS - done.length;
  t.diagnostic(`${done.length} transactions were committed, ${ended} were ended by the server`);
  assert.ok(ended > 0, "the server ended none");
});
