// A caller who gives up while its write is being committed: a kill would only make the outcome
// unknown, so the process gets some time for the commit.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { nativeDriver } from "../../adapters/native_driver.ts";
import { ConnectionLostError } from "../../mod.ts";
import { openServer } from "../../src/worker/server/open_server.ts";
import type { Server } from "../../src/worker/server/server.ts";
import { ThreadCount } from "../../src/worker/thread_count.ts";
import type { WorkerLike } from "../../src/worker/transport.ts";
import type { OpenRequest, WirePart } from "../../src/worker/wire/wire.ts";
import { WorkerConnection } from "../../src/worker/worker_connection.ts";
import { openTestDatabase } from "../helpers/databases.ts";

/** A process in this one, whose messages are delivered by hand. */
class HeldProcess implements WorkerLike {
  readonly held: WirePart[][] = [];
  readonly killed: Promise<void>;
  isKilled = false;
  readonly #listeners = new Map<string, (argument: unknown) => void>();
  #server: Server | undefined;
  #life: ReturnType<typeof setInterval> | undefined;
  #announceKill!: () => void;

  constructor() {
    this.killed = new Promise((resolve) => {
      this.#announceKill = resolve;
    });
  }

  on(event: string, listener: (argument: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  postMessage(message: unknown): void {
    if (this.#server === undefined) void this.#open(message as OpenRequest);
    else void this.#server.receive(message as WirePart[]);
  }

  async #open(request: OpenRequest): Promise<void> {
    this.#server = await openServer(request, ({ parts }) => this.held.push(parts), "announces");
    this.#listeners.get("message")!({});
  }

  /** Delivers the next message. */
  deliver(): void {
    this.#listeners.get("message")!(this.held.shift());
  }

  /** Keeps this process alive, as a real child would. */
  ref(): void {
    this.#life ??= setInterval(() => {}, 60_000);
  }

  unref(): void {
    clearInterval(this.#life);
    this.#life = undefined;
  }

  terminate(): void {
    this.unref();
    this.isKilled = true;
    this.#announceKill();
    this.#listeners.get("exit")!("SIGKILL");
  }
}

/** A connection whose write has been announced as on its way, and what became of it. */
async function commit(t: TestContext): Promise<{
  readonly process: HeldProcess;
  readonly connection: WorkerConnection;
  readonly write: Promise<unknown>;
}> {
  const { db, path } = await openTestDatabase(t);
  await db.run("CREATE TABLE t (n)");
  const process = new HeldProcess();
  const connection = await WorkerConnection.open({
    transport: { noun: "process", stops: true, start: () => process },
    crew: new ThreadCount(),
    onTiming: undefined,
  }, {
    driver: (await nativeDriver()).name as OpenRequest["driver"],
    path,
    readonly: false,
    create: false,
    intMode: "number",
    statementCacheSize: 10,
  });
  t.after(() => process.isKilled || connection.abandon!());
  const write = connection.execute("INSERT INTO t VALUES (1)");
  while (process.held.length < 2) await new Promise((resolve) => setImmediate(resolve));
  process.deliver();
  return { process, connection, write };
}

test("a commit in progress finishes, and the process serves the next call", async (t) => {
  const { process, connection, write } = await commit(t);
  connection.stop!();
  assert.equal(process.isKilled, false);
  process.deliver();
  await write;
  const read = connection.execute("SELECT n FROM t");
  while (process.held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  process.deliver();
  assert.deepEqual((await read).rows, [{ n: 1 }]);
  assert.equal(process.isKilled, false);
});

test("a commit that does not end is killed, and its outcome is unknown", async (t) => {
  const { process, connection, write } = await commit(t);
  const lost = assert.rejects(
    write,
    (error) => error instanceof ConnectionLostError && error.mayHaveTakenEffect,
  );
  connection.stop!();
  await process.killed;
  await lost;
});

test("a connection that is abandoned ends in the middle of a commit too", async (t) => {
  const { process, connection, write } = await commit(t);
  const lost = assert.rejects(write, ConnectionLostError);
  connection.abandon!();
  assert.equal(process.isKilled, true);
  await lost;
});
