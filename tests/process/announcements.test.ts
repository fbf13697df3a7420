// A process announces a commit before it begins it, and the host judges by that what a killed
// statement may have done.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { nativeDriver } from "../../adapters/native_driver.ts";
import type { SyncConnection } from "../../src/driver/sync_connection.ts";
import { Channel } from "../../src/worker/channel.ts";
import { readObjects } from "../../src/worker/reply_reader.ts";
import { Server } from "../../src/worker/server/server.ts";
import { reply, request, type WirePart } from "../../src/worker/wire/wire.ts";

const INSERT = "INSERT INTO t VALUES (1)";
const driver = await nativeDriver();

/** A host and the process it talks to; what the process posts is delivered by hand. */
function connect(t: TestContext): {
  readonly channel: Channel;
  readonly posted: WirePart[][];
  readonly statements: string[];
} {
  const open = {
    readonly: false,
    create: true,
    intMode: "number",
    statementCacheSize: 10,
  } as const;
  const connection = driver.open(":memory:", open) as SyncConnection;
  t.after(() => connection.close());
  connection.executeSync("CREATE TABLE t (n)");
  const posted: WirePart[][] = [];
  const statements: string[] = [];
  const execute = connection.executeSync.bind(connection);
  connection.executeSync = (sql: string, ...rest: never[]) => {
    statements.push(`${sql} after ${posted.length} messages`);
    return execute(sql, ...rest);
  };
  const server = new Server(connection, ({ parts }) => posted.push(parts), () => 0, "announces");
  const channel = new Channel(({ parts }) => void server.receive(parts), undefined, true);
  return { channel, posted, statements };
}

/** What the host says of calls when the process has ended. */
async function judge(
  channel: Channel,
  calls: readonly Promise<unknown>[],
): Promise<(string | undefined)[]> {
  channel.end((progress) => new Error(progress) as never);
  const settled = await Promise.allSettled(calls);
  return settled.map((call) => call.status === "rejected" ? call.reason.message : undefined);
}

const run = (channel: Channel, kind: number, sql: string): Promise<unknown> =>
  channel.execute(kind, sql, undefined, false, readObjects);

test("a commit is announced after the statement and before COMMIT", (t) => {
  for (const kind of [request.execute, request.executeAlone]) {
    const { channel, posted, statements } = connect(t);
    run(channel, kind, INSERT).catch(() => {});
    channel.flush();
    assert.deepEqual(statements, [
      "BEGIN IMMEDIATE after 0 messages",
      `${INSERT} after 0 messages`,
      "COMMIT after 1 messages",
    ]);
    assert.deepEqual(posted.map((parts) => parts[3]), [reply.committing, reply.result]);
  }
});

test("a write that is killed before its announcement has not taken effect", async (t) => {
  const { channel } = connect(t);
  const calls = [run(channel, request.execute, INSERT), run(channel, request.execute, "SELECT 1")];
  channel.flush();
  assert.deepEqual(await judge(channel, calls), ["not committed", "not committed"]);
});

test("a write that is killed after its announcement may have, but none behind it", async (t) => {
  const { channel, posted } = connect(t);
  const calls = [
    run(channel, request.execute, INSERT),
    run(channel, request.executeAlone, INSERT),
  ];
  channel.flush();
  channel.receive(posted[0]);
  assert.deepEqual(await judge(channel, calls), ["sent", "not committed"]);
});

test("the announcement of the next write arrives after the reply to the one before", async (t) => {
  const { channel, posted } = connect(t);
  const calls = [run(channel, request.execute, INSERT), run(channel, request.execute, INSERT)];
  channel.flush();
  assert.deepEqual(posted.map((parts) => parts[3]), [
    reply.committing,
    // The reply to the first comes before the announcement of the second.
    reply.result,
    reply.result,
  ]);
  channel.receive(posted[0]);
  channel.receive(posted[1]);
  assert.deepEqual(await judge(channel, calls), [undefined, "sent"]);
});

test("an announcement does not go for the next write", async (t) => {
  const { channel, posted } = connect(t);
  const first = run(channel, request.execute, INSERT);
  channel.flush();
  for (const parts of posted) channel.receive(parts);
  const second = run(channel, request.execute, INSERT);
  channel.flush();
  assert.deepEqual(await judge(channel, [first, second]), [undefined, "not committed"]);
});

test("what is not announced may have taken effect once it was sent", async (t) => {
  const { channel } = connect(t);
  const calls = [
    run(channel, request.execute, "BEGIN"),
    run(channel, request.executeInTransaction, INSERT),
    run(channel, request.execute, "COMMIT"),
    run(channel, request.execute, "VACUUM"),
  ];
  channel.flush();
  const unsent = run(channel, request.execute, "COMMIT");
  assert.deepEqual(
    await judge(channel, [...calls, unsent]),
    ["sent", "not committed", "sent", "sent", "not sent"],
  );
});
