// The thread's side, without a thread.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { nativeDriver } from "../../adapters/native_driver.ts";
import type { RowOptions } from "../../src/sqlite/types.ts";
import type { SyncConnection } from "../../src/driver/sync_connection.ts";
import { Server } from "../../src/worker/server/server.ts";
import { reply, request, type WirePart } from "../../src/worker/wire/wire.ts";
import type { WireError } from "../../src/worker/wire/wire_errors.ts";

interface Scene {
  readonly server: Server;
  readonly posted: WirePart[][];
  /** The statements that SQLite was given, and when messages were posted. */
  readonly log: string[];
  /** Moves time on with each look at the clock. */
  pace: number;
}

const driver = await nativeDriver();

function serve(t: TestContext): Scene {
  const log: string[] = [];
  const open = {
    onTiming: (sql: string) => log.push(sql),
    readonly: false,
    create: true,
    intMode: "number",
    statementCacheSize: 10,
  } as const;
  const connection = driver.open(":memory:", open) as SyncConnection;
  t.after(() => connection.close());
  const posted: WirePart[][] = [];
  let now = 0;
  const scene: Scene = {
    posted,
    log,
    pace: 0,
    server: new Server(
      connection,
      // Without the stores, which stay empty here.
      ({ parts }) => {
        log.push("posted");
        posted.push(parts.slice(3));
      },
      (): number => now += scene.pace,
    ),
  };
  return scene;
}

test("a definition has no reply, a statement has one", (t) => {
  const { server, posted } = serve(t);
  server.receive([request.define, 0, "SELECT ? AS n"]);
  assert.deepEqual(posted, []);
  assert.equal(server.receive([request.execute, 0, 0, 1, 7]), false);
  assert.deepEqual(posted, [[reply.result, 0, 0, ["n"], 0, undefined, 1, 7]]);
});

test("the names of columns travel when they are new only", (t) => {
  const { server, posted } = serve(t);
  server.receive([request.define, 0, "SELECT ? AS n"]);
  server.receive([request.execute, 0, 0, 1, 1, request.execute, 0, 0, 1, 2]);
  const [first] = posted;
  assert.deepEqual(first[3], ["n"]);
  assert.equal(first[8 + 3], undefined);
});

/** A row that is fine to look at once, but not to pack: text that is longer than a string can be. */
function unpackableRow(): string[] {
  let looks = 0;
  return Object.defineProperty([""], 0, {
    get() {
      if (looks++ > 0) throw new RangeError("Invalid string length");
      return "";
    },
  });
}

test("rows that cannot be packed leave neither columns nor a cursor behind", () => {
  const unpackable = Array.from({ length: 64 }, unpackableRow);
  const results = [unpackable, [["short"]]];
  const streamed = Array.from({ length: 64 }, unpackableRow);
  let returned = 0;
  const connection = {
    inTransaction: false,
    beginReads: () => false,
    executeSync: () => ({ columns: ["text"], rows: results.shift(), rowsAffected: 0 }),
    iterate: (_sql: string, _params: unknown, { rowFactory }: RowOptions<unknown>) => ({
      nextSync() {
        const row = streamed.pop();
        return row === undefined
          ? { done: true }
          : { done: false, value: rowFactory!(row, ["text"]) };
      },
      returnSync: () => void (returned += 1),
    }),
  } as unknown as SyncConnection;
  const posted: WirePart[][] = [];
  const server = new Server(connection, ({ parts }) => posted.push(parts.slice(3)), () => 0);
  server.receive([request.define, 0, "SELECT text FROM t"]);
  server.receive([request.execute, 0, 0, 0, request.execute, 0, 0, 0]);
  const [kind, , , error, ...second] = posted[0];
  assert.equal(kind, reply.error);
  assert.equal((error as WireError).message, "Invalid string length");
  assert.deepEqual(second, [reply.result, 0, 0, ["text"], 0, undefined, 1, "short"]);
  server.receive([request.openCursor, 0, 64, 7, 0]);
  assert.equal(posted[1][0], reply.error);
  assert.equal(returned, 1);
});

test("a request that fails leaves those after it alone", (t) => {
  const { server, posted } = serve(t);
  server.receive([
    ...[request.define, 0, "SELECT abs(?) AS n", request.define, 1, "SELEKT"],
    ...[request.execute, 0, 0, 1, -9223372036854775808n],
    ...[request.execute, 1, 0, 0],
    ...[request.execute, 0, 0, 1, -2],
  ]);
  const [message] = posted;
  assert.equal(message[0], reply.error);
  assert.equal((message[3] as WireError).message, "integer overflow");
  assert.equal(message[4], reply.error);
  assert.match((message[7] as WireError).message, /syntax error/);
  assert.deepEqual(message.slice(8).at(-1), 2);
});

test("a statement of a transaction that has ended does not run", (t) => {
  const { server, posted } = serve(t);
  server.receive([
    ...[request.define, 0, "CREATE TABLE t (n UNIQUE)", request.execute, 0, 0, 0],
    ...[request.define, 1, "INSERT OR ROLLBACK INTO t VALUES (?)"],
    ...[request.define, 2, "SELECT count(*) AS n FROM t"],
    ...[request.script, "BEGIN"],
    ...[request.executeInTransaction, 1, 0, 1, 1],
    ...[request.executeInTransaction, 1, 0, 1, 1],
    ...[request.executeInTransaction, 1, 0, 1, 2],
  ]);
  const replies = posted.splice(0).flat();
  const errors = replies.filter((part) => (part as WireError | null)?.name === "SQLiteError");
  assert.deepEqual(errors.map((error) => (error as WireError).message), [
    "UNIQUE constraint failed: t.n",
    "the transaction has ended: the statement did not run",
  ]);
  server.receive([request.execute, 2, 0, 0]);
  assert.equal(posted[0].at(-1), 0);
});

test("a statement alone is committed, and leaves nothing when it fails", (t) => {
  const { server, posted } = serve(t);
  server.receive([
    ...[request.script, "CREATE TABLE t (n INTEGER UNIQUE ON CONFLICT FAIL)"],
    ...[request.define, 1, "INSERT INTO t VALUES (?), (?)"],
    ...[request.define, 2, "SELECT count(*) AS n FROM t"],
    ...[request.executeAlone, 1, 0, 2, 1, 2],
    // By itself SQLite would keep the row before the one that fails.
    ...[request.executeAlone, 1, 0, 2, 3, 1],
    ...[request.execute, 2, 0, 0],
  ]);
  const replies = posted.splice(0).flat();
  const errors = replies.filter((part) => (part as WireError | null)?.name === "SQLiteError");
  assert.equal(errors.length, 1);
  assert.equal(replies.at(-1), 2);
});

test("replies travel together while they are quick, and early when they are slow", (t) => {
  const scene = serve(t);
  scene.server.receive([request.define, 0, "SELECT 1"]);
  const requests = Array.from({ length: 30 }, () => [request.execute, 0, 0, 0]).flat();
  scene.server.receive(requests);
  assert.equal(scene.posted.length, 2, "24 and 6");
  scene.posted.length = 0;
  scene.pace = 1;
  scene.server.receive(requests);
  assert.equal(scene.posted.length, 30);
});

test("each reply says whether a transaction is open", (t) => {
  const { server, posted } = serve(t);
  server.receive([request.script, "BEGIN", request.rollback]);
  assert.deepEqual(posted[0], [reply.done, 1, 0, reply.done, 0, 0]);
});

test("a cursor gives chunks, and one that was closed is at its end", (t) => {
  const { server, posted } = serve(t);
  server.receive([request.define, 0, "VALUES (1), (2), (3)"]);
  server.receive([request.openCursor, 0, 2, 5, 0]);
  server.receive([request.fetch, 5, 2, request.fetch, 5, 2]);
  const rest = posted.map((message) => message.slice(3));
  assert.deepEqual(rest, [
    [["column1"], 0, 2, 1, 2],
    [undefined, 1, 1, 3, reply.chunk, 0, 0, undefined, 1, 0],
  ]);
});

test("to close is the last request", (t) => {
  const { server, posted } = serve(t);
  server.receive([request.define, 0, "SELECT 1"]);
  assert.equal(server.receive([request.close, request.execute, 0, 0, 0]), true);
  assert.deepEqual(posted, [[reply.done, 0, 0]]);
});

const A = "SELECT 'a' AS name";
const B = "SELECT 'b' AS name";
const INSERT = "INSERT INTO t VALUES (1)";

/** A server that knows A as 0, B as 1 and INSERT as 2. */
function serveReads(t: TestContext): Scene {
  const scene = serve(t);
  scene.server.receive([
    ...[request.script, "CREATE TABLE t (n)"],
    ...[request.define, 0, A, request.define, 1, B, request.define, 2, INSERT],
  ]);
  scene.posted.length = scene.log.length = 0;
  return scene;
}

const read = (id: number): number[] => [request.execute, id, 0, 0];

test("reads that arrive together share a transaction, which is over when their replies leave", (t) => {
  const { server, log, posted } = serveReads(t);
  server.receive([...read(0), ...read(1), ...read(0)]);
  assert.deepEqual(log, ["BEGIN", A, B, A, "COMMIT", "posted"]);
  const [message] = posted;
  assert.deepEqual(message.slice(0, 8), [reply.result, 0, 0, ["name"], 0, undefined, 1, "a"]);
  log.length = 0;
  server.receive(Array.from({ length: 26 }, () => read(0)).flat());
  const ofMessage = (reads: number) => ["BEGIN", ...Array(reads).fill(A), "COMMIT", "posted"];
  assert.deepEqual(log, [...ofMessage(24), ...ofMessage(2)]);
});

test("a lone read, and reads between writes, have transactions of their own", (t) => {
  const { server, log } = serveReads(t);
  server.receive([...read(2), ...read(0), ...read(2), ...read(0), ...read(1), ...read(2)]);
  assert.deepEqual(log, [INSERT, A, INSERT, "BEGIN", A, B, "COMMIT", INSERT, "posted"]);
});

test("reads inside a transaction of their caller, or beside a cursor, share none", (t) => {
  const { server, log, posted } = serveReads(t);
  server.receive([request.script, "BEGIN", ...read(2), ...read(0), ...read(1)]);
  assert.deepEqual(log, [INSERT, A, B, "posted"]);
  assert.ok(posted[0][4], "its transaction is still open");
  server.receive([request.rollback]);
  server.receive([request.openCursor, 0, 0, 7, 0]);
  log.length = 0;
  server.receive([...read(0), ...read(1), request.closeCursor, 7, ...read(0), ...read(1)]);
  assert.deepEqual(log, [A, B, "BEGIN", A, B, "COMMIT", "posted"]);
});

test("a read that fails in company fails alone", (t) => {
  const { server, log, posted } = serveReads(t);
  const overflow = "SELECT abs(-9223372036854775807 - 1) AS name";
  server.receive([request.define, 3, overflow, ...read(0), ...read(3), ...read(1)]);
  assert.deepEqual(log, ["BEGIN", A, overflow, B, "COMMIT", "posted"]);
  const [message] = posted;
  assert.equal((message[11] as WireError).message, "integer overflow");
  assert.equal(message.at(-1), "b");
});
