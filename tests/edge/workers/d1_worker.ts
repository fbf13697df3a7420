/** A Worker without nodejs_compat, whose requests try what openD1 gives. */

import { SQLiteError } from "../../../src/sqlite/errors.ts";
import { sql } from "../../../src/sqlite/sql_tag.ts";
import { type D1Handle, type DatabaseOnD1, openD1 } from "../../../src/edge/d1.ts";
import { type Counted, counted } from "./counted_d1.ts";

interface Environment {
  readonly DB0: D1Handle;
  readonly DB1: D1Handle;
  readonly DB2: D1Handle;
  readonly SELF: { fetch(url: string, init?: { signal?: AbortSignal }): Promise<Response> };
}

/** What a scenario works with: a database of its own, and what it has sent. */
interface Scene {
  readonly db: DatabaseOnD1;
  readonly sent: Counted<D1Handle>;
  readonly env: Environment;
}

/** How a call ended. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return { value: await call() };
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: String(error) };
    const { name, message, cause } = error;
    const codes = error instanceof SQLiteError
      ? { code: error.code, extendedCode: error.extendedCode, sql: error.sql, index: error.index }
      : {};
    return { name, message, ...codes, cause: cause instanceof Error ? cause.message : cause };
  }
}

const outcomesOf = (calls: readonly (() => unknown)[]): Promise<unknown[]> =>
  Promise.all(calls.map(outcomeOf));

const never = (): Promise<never> => new Promise(() => {});
const POINTS = 300;
const CROWD = 1_000;

async function withPoints({ db, sent }: Scene): Promise<void> {
  await db.executeScript(
    "CREATE TABLE points (id INTEGER PRIMARY KEY, v TEXT);" +
      "WITH d(x) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) " +
      "INSERT INTO points SELECT a.x * 100 + b.x * 10 + c.x + 1, 'v' || (a.x * 100 + b.x * 10 + c.x + 1) FROM d a, d b, d c WHERE a.x < 3",
  );
  sent.requests.length = sent.texts.length = 0;
}

const point = "SELECT v FROM points WHERE id = ?";
const ids: readonly number[] = Array.from({ length: POINTS }, (_, index) => index + 1);

const scenarios: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  /** What hooks and observers are told. */
  async observed({ sent }) {
    const events: unknown[] = [];
    const warnings: string[] = [];
    const operations: unknown[] = [];
    const db = openD1(sent.handle, {
      name: "shop",
      onStatement: ({ sql, rows, place, error }) =>
        events.push([sql, rows, place, ...(error instanceof SQLiteError ? [error.code] : [])]),
      slowStatementMs: 0,
      onWarning: ({ message }) => warnings.push(message),
    });
    for (const watch of db.watched.watches) {
      watch.add({
        kinds: ["query", "transaction"],
        ended: ({ kind, context: { sql, name, role } }) => operations.push([kind, sql, name, role]),
      });
    }
    await db.executeScript("CREATE TABLE seen (n UNIQUE); CREATE TABLE other (n)");
    await db.run("INSERT INTO seen VALUES (?)", ["secret"]);
    await db.get("SELECT n FROM seen");
    await db.all("SELECT * FROM nowhere").catch(() => {});
    await db.batch([{ sql: "INSERT INTO seen VALUES (2)" }, { sql: "SELECT n FROM seen" }]);
    await db.batch([{ sql: "INSERT INTO seen VALUES (2)" }]).catch(() => {});
    await db.batch([]);
    for await (const row of db.iterate("SELECT n FROM seen")) void row;
    const untyped = await db.execute("SELECT 1", [], { columnTypes: false });
    const typed = await outcomesOf([
      () => db.execute("SELECT 1", [], { columnTypes: true }),
      () => db.run("SELECT 1", [], { columnTypes: true }),
    ]);
    await db.close();
    const closed = await outcomeOf(() => db.get("SELECT 1"));
    return {
      events,
      operations,
      warning: warnings[1],
      warnings: warnings.length,
      closed,
      untyped,
      typed,
    };
  },

  async together(scene) {
    await withPoints(scene);
    const { db, sent } = scene;
    const rows = await Promise.all(ids.map((id) => db.get(point, [id])));
    const right = rows.every((row, i) => row?.v === `v${ids[i]}`);
    const requests = [...sent.requests];
    return { right, requests, counted: db.stats.requests - 1 };
  },

  async oneByOne(scene) {
    await withPoints(scene);
    const { db, sent } = scene;
    for (const id of ids) await db.get(point, [id]);
    return sent.requests.length;
  },

  /** Calls that await something first, and calls in answer to calls. */
  async turns(scene) {
    await withPoints(scene);
    const { db, sent } = scene;
    const afterSome = async (id: number): Promise<unknown> => {
      for (let i = 0; i < id % 8; i++) await undefined;
      await db.get(point, [id]);
      return await db.value(point, [id + 1]);
    };
    const values = await Promise.all(ids.slice(0, 50).map(afterSome));
    return { right: values.every((value, i) => value === `v${i + 2}`), requests: sent.requests };
  },

  async kindsOfReads(scene) {
    await withPoints(scene);
    const { db, sent } = scene;
    const rowFactory = (values: unknown[]): unknown => [...values];
    const iterated = async (): Promise<unknown[]> => {
      const rows: unknown[] = [];
      for await (const row of db.iterate("SELECT id FROM points WHERE id < ?", [3])) rows.push(row);
      return rows;
    };
    const results = await Promise.all([
      db.get("SELECT 1 AS a, 2 AS b, 3 AS a"),
      db.get("SELECT 1 AS a WHERE 0"),
      db.all("SELECT id FROM points WHERE id <= ?", [2]),
      db.value("SELECT 3 AS b, 2 AS a"),
      db.value("SELECT 1 WHERE 0"),
      db.values("SELECT 1 AS a, 2 AS b, 3 AS a"),
      db.values('SELECT 1 AS b, 2 AS "1"'),
      db.values("SELECT * FROM points WHERE id = 1"),
      db.all("SELECT ? + 1, x'0001' AS bytes, ? AS n", [1, null], { rowFactory }),
      db.get("SELECT ? + 1", [1]),
      db.get(sql`SELECT ${5} AS five, typeof(${5}) AS type, typeof(${0.5}) AS other`),
      iterated(),
      db.execute("SELECT id, v FROM points WHERE id = ?", [1]),
      db.execute("SELECT id, v FROM points WHERE 0"),
      db.all("PRAGMA table_info(points)", [], { rowFactory: ([, name]) => name }),
    ]);
    return { results, requests: sent.requests };
  },

  async failingNeighbours(scene) {
    await withPoints(scene);
    const { db, sent } = scene;
    const read = (): Promise<unknown[]> =>
      outcomesOf([
        () => db.value(point, [1]),
        () => db.get("SELECT json(?) AS j", ["{"]),
        () => db.value(point, [2]),
        () => db.get("SELECT * FROM nowhere"),
        () => db.value("SELECT 9007199254740993"),
        () =>
          db.get(point, [3], {
            rowFactory: () => {
              throw new Error("my factory");
            },
          }),
        () => db.value(point, [4]),
      ]);
    const first = await read();
    const requests = [...sent.requests];
    sent.requests.length = 0;
    const again = await read();
    return {
      first,
      requests,
      again: { same: JSON.stringify(again) === JSON.stringify(first), requests: sent.requests },
    };
  },

  async platformFails(scene) {
    await withPoints(scene);
    const { db, sent } = scene;
    const fails = async (message: string): Promise<unknown> => {
      sent.instead = () => Promise.reject(new Error(message));
      sent.requests.length = 0;
      const outcomes = await outcomesOf([
        () => db.value(point, [1]),
        () => db.value(point, [2]),
        () => db.run("INSERT INTO points (v) VALUES ('x')"),
        () => db.batch([{ sql: "DELETE FROM points" }]),
      ]);
      sent.instead = undefined;
      return { outcomes, requests: sent.requests.length };
    };
    const lost = await fails("D1_ERROR: Network connection lost.");
    const overloaded = await fails("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    sent.requests.length = 0;
    await Promise.all([db.value(point, [1]), db.value(point, [2])]);
    return { lost, overloaded, afterwards: sent.requests };
  },

  async writes({ db }) {
    await db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n)");
    await db.run("CREATE TABLE w (id PRIMARY KEY, u UNIQUE) WITHOUT ROWID");
    const bytes = Uint8Array.of(1, 2, 3);
    const first = db.run("INSERT INTO t (u, n) VALUES (?, ?)", ["a", bytes]);
    bytes.fill(9);
    const upsert = "INSERT INTO t (u, n) VALUES (?, 1) ON CONFLICT (u) DO UPDATE SET n = ?";
    const results = [
      await first,
      await db.run("INSERT INTO t (u, n) VALUES (?, ?) RETURNING u, u AS u, typeof(n)", [
        "b",
        true,
      ]),
      await db.run(upsert, ["b", 1n]),
      await db.run(upsert, ["c", 1n]),
      await db.run(`${upsert} RETURNING id`, ["d", 2]),
      await db.run("INSERT INTO w VALUES (1, 1)"),
      await db.run("INSERT INTO w VALUES (2, 2) RETURNING id"),
      await db.run("INSERT INTO w VALUES (3, 3) ON CONFLICT DO UPDATE SET u = 4"),
      await db.run("UPDATE t SET n = NULL WHERE id < 3"),
      await db.run("UPDATE t SET n = 0 WHERE id > ? RETURNING id", [2]),
      await db.execute("DELETE FROM t WHERE id = ?", [4]),
      await db.run("SELECT count(*) AS n FROM t"),
      await db.run("INSERT INTO t (id) VALUES (?)", [2n ** 53n + 1n]),
    ];
    return results.map(({ columns, rows, rowsAffected, lastInsertRowid }) => ({
      ...{ columns, rows, rowsAffected },
      lastInsertRowid: String(lastInsertRowid),
    }));
  },

  async batches({ db, sent }) {
    await db.executeScript(
      "BEGIN; CREATE TABLE t (id INTEGER PRIMARY KEY, n UNIQUE); INSERT INTO t VALUES (1, 1); COMMIT",
    );
    sent.requests.length = 0;
    const batch = await db.batch([
      { sql: "INSERT INTO t (n) VALUES (?)", params: [2] },
      { sql: "UPDATE t SET n = n + 10" },
      { sql: sql`SELECT n FROM t WHERE n > ${0} ORDER BY n` },
    ]);
    const requests = [...sent.requests];
    const failures = await outcomesOf([
      () =>
        db.batch([{ sql: "DELETE FROM t" }, {
          sql: "INSERT INTO t VALUES (1, ?)",
          params: ["secret"],
        }, { sql: "INSERT INTO t VALUES (1, 'x')" }]),
      () => db.executeScript("INSERT INTO t (n) VALUES (77); INSERT INTO nowhere VALUES (1)"),
      () => db.batch([{ sql: "INSERT INTO t (n) VALUES (5)" }, { sql: "COMMIT" }]),
    ]);
    const left = await db.values("SELECT n FROM t ORDER BY n");
    return { batch, requests, failures, left, empty: await db.batch([]) };
  },

  async unreadable({ db }) {
    await db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n)");
    const outcomes = await outcomesOf([
      () => db.run("INSERT INTO t (n) VALUES (9007199254740993) RETURNING n"),
      () =>
        db.run("INSERT INTO t (n) VALUES (1) RETURNING n", [], {
          rowFactory: () => {
            throw new Error("mine");
          },
        }),
      () =>
        db.batch([{ sql: "INSERT INTO t (n) VALUES (2)" }, {
          sql: "SELECT 9007199254740993 AS big",
        }]),
      () => db.all("SELECT 9007199254740993 AS big"),
    ]);
    return { outcomes, rows: await db.value("SELECT count(*) FROM t") };
  },

  async limits({ db, sent }) {
    await db.run("CREATE TABLE t (n)");
    const before = AbortSignal.abort(new Error("too late"));
    sent.requests.length = 0;
    const early = await outcomesOf([
      () => db.get("SELECT 1", [], { signal: before }),
      () => db.run("INSERT INTO t VALUES (1)", [], { signal: before }),
    ]);
    const sentEarly = sent.requests.length;
    sent.instead = never;
    const abort = new AbortController();
    const { signal } = abort;
    const waiting = outcomesOf([
      () => db.get("SELECT 1", [], { timeoutMs: 20 }),
      () => db.run("INSERT INTO t VALUES (1)", [], { timeoutMs: 20 }),
      () => db.batch([{ sql: "INSERT INTO t VALUES (1)" }], { timeoutMs: 20 }),
      () => db.executeScript("INSERT INTO t VALUES (1)", { timeoutMs: 20 }),
      () => db.iterate("SELECT 1", [], { timeoutMs: 20 }).next(),
      () => db.all("SELECT 1", [], { signal }),
      () => db.run("INSERT INTO t VALUES (1)", [], { signal }),
      () => openD1(sent.handle, { queryTimeoutMs: 20 }).value("SELECT 1"),
    ]);
    setTimeout(() => abort.abort(new Error("client left")), 20);
    const outcomes = await waiting;
    sent.instead = undefined;
    const { readers, writer } = db.stats;
    const counters = [readers.timeouts, readers.aborts, writer!.timeouts, writer!.aborts];
    return { early, sentEarly, outcomes, counters, rows: await db.value("SELECT count(*) FROM t") };
  },

  /** Only promises that are due come between a call and its request. */
  async withoutTimers({ db, sent }) {
    const reading = db.value("SELECT 1");
    for (let i = 0; i < 100; i++) await undefined;
    const requests = [...sent.requests];
    return { requests, value: await reading };
  },

  /** A read whose caller leaves before the turn ends is not sent. */
  async leavesEarly(scene) {
    await withPoints(scene);
    const { db, sent } = scene;
    const abort = new AbortController();
    const left = outcomeOf(() => db.value(point, [1], { signal: abort.signal }));
    const stays = db.value(point, [2]);
    abort.abort(new Error("left"));
    return { left: await left, stays: await stays, requests: sent.requests };
  },

  async sessions({ db, sent, env }) {
    await db.run("CREATE TABLE t (n)");
    const session = db.session();
    const empty = session.bookmark;
    await session.run("INSERT INTO t VALUES (1)");
    const { bookmark } = session;
    const next = db.session({ after: bookmark });
    const goesOn = next.bookmark === bookmark;
    const rows = await next.all("SELECT n FROM t");
    const opened = openD1(env.DB2, { after: bookmark });
    const ofOpened = [opened.bookmark === bookmark, await opened.value("SELECT n FROM t")];
    const hasGrown = next.bookmark > bookmark && opened.bookmark > bookmark;
    const together = await Promise.all([next.value("SELECT 1"), next.value("SELECT 2")]);
    return {
      ...{ empty, goesOn, rows, ofOpened, hasGrown, together, plain: db.bookmark },
      requests: sent.requests,
      isBookmark: /^[0-9a-f]+(-[0-9a-f]+)+$/.test(bookmark),
    };
  },

  async closing({ db }) {
    const underWay = db.value("SELECT 1 + 1");
    const refused = await outcomeOf(() => db.close({ drain: 1 } as object));
    const opened = !db.closed;
    const closing = db.close({ drain: true });
    const isSame = db.close() === closing;
    await closing;
    const late = await outcomesOf([
      () => db.get("SELECT 1"),
      () => db.run("SELECT 1"),
      () => db.batch([]),
      () => db.execute("SELECT 1"),
      () => db.executeScript("SELECT 1"),
      () => db.iterate("SELECT 1").next(),
    ]);
    return { underWay: await underWay, closed: db.closed, late, refused, opened, isSame };
  },

  /** What a cursor is given belongs to the call, though its statement starts with the first row. */
  async iterateTakes({ db }) {
    const params = [1, Uint8Array.of(1)];
    const options = { rowFactory: (row: unknown[]): unknown => [...row] };
    const cursor = db.iterate("SELECT ?, hex(?)", params, options);
    (params[1] as Uint8Array)[0] = 9;
    params[0] = 9;
    options.rowFactory = () => "another";
    return (await cursor.next()).value;
  },

  async misuse({ db, env }) {
    const calls: Record<string, () => unknown> = {
      "openD1(undefined)": () => openD1(undefined as unknown as D1Handle),
      "openD1({})": () => openD1({} as D1Handle),
      "openD1 of a session": () => openD1(env.DB0.withSession() as unknown as D1Handle),
      "openD1, unknown option": () => openD1(env.DB0, { timeout: 5 } as object),
      "openD1, options null": () => openD1(env.DB0, null as unknown as object),
      "openD1, bad queryTimeoutMs": () => openD1(env.DB0, { queryTimeoutMs: 0 }),
      "openD1, bad rowFactory": () =>
        openD1(env.DB0, { rowFactory: 5 as unknown as () => unknown }),
      "openD1, bad bookmark": () => openD1(env.DB0, { after: "first-primary" }),
      "session, bad bookmark": () => db.session({ after: "sp1.5" }),
      "session, unknown option": () => db.session({ from: "x" } as object),
      "write(fn)": () => (db as { write(fn: unknown): unknown }).write(async () => {}),
      "read(fn)": () => (db as { read(fn: unknown): unknown }).read(async () => {}),
      "connection()": () => db.connection(),
      "checkpoint()": () => db.checkpoint(),
      "backup()": () => db.backup(),
      "get that writes": () => db.get("DELETE FROM t"),
      "value that sets": () => db.value("PRAGMA foreign_keys = 0"),
      "iterate that writes": () => db.iterate("DELETE FROM t").next(),
      "no SQL": () => db.get(5 as unknown as string),
      "two statements": () => db.run("SELECT 1; SELECT 2"),
      "BEGIN": () => db.run("BEGIN"),
      "OR ROLLBACK": () => db.run("INSERT OR ROLLBACK INTO t VALUES (1)"),
      "too few values": () => db.get("SELECT ?"),
      "undefined": () => db.get("SELECT ?", [undefined as unknown as null]),
      "a Date": () => db.get("SELECT ?", [new Date(0) as unknown as null]),
      "-0": () => db.get("SELECT ?", [-0]),
      "Infinity": () => db.run("SELECT ?", [Infinity]),
      "2n ** 63n": () => db.batch([{ sql: "SELECT ?", params: [2n ** 63n] }]),
      "a lone surrogate": () => db.get("SELECT ?", ["\ud800"]),
      "unknown option": () => db.get("SELECT 1", [], { timeout: 5 } as object),
      "a bad timeoutMs": () => db.run("SELECT 1", [], { timeoutMs: -1 }),
      "a timeoutMs of another type": () => db.run("SELECT 1", [], { timeoutMs: null } as object),
      "a bad timeoutMs of close": () => db.close({ timeoutMs: -1 }),
      "a bad rowFactory in a batch": () =>
        db.batch([{ sql: "INSERT INTO t VALUES (1)", rowFactory: 5 }] as unknown as []),
      "a bad signal": () => db.batch([], { signal: {} as AbortSignal }),
      "rowFactory of value": () => db.value("SELECT 1", [], { rowFactory: () => 1 } as object),
      "batch of texts": () => db.batch(["SELECT 1"] as unknown as []),
      "batch of args": () => db.batch([{ sql: "SELECT ?", args: [1] }] as unknown as []),
      "batch of nothing": () => db.batch(undefined as unknown as []),
      "script of nothing": () => db.executeScript(undefined as unknown as string),
      "script with parameters": () => db.executeScript("SELECT ?"),
    };
    const names = Object.keys(calls);
    const outcomes = await outcomesOf(Object.values(calls));
    return Object.fromEntries(names.map((name, i) => [name, outcomes[i]]));
  },
};

/** One database for all requests, as a program might keep it by mistake. */
let shared: DatabaseOnD1 | undefined;

/** What a request of a service does: reads that meet, then a write. */
async function serve(env: Environment, id: number, own: boolean): Promise<unknown> {
  const db = own ? openD1(env.DB1) : shared ??= openD1(env.DB1);
  const [row, value] = await Promise.all([
    db.get("SELECT ? AS id", [id]),
    db.value("SELECT ? + 1 AS next", [id]),
  ]);
  const { rowsAffected } = await db.run("INSERT INTO visits VALUES (?)", [id]);
  return { row, value, rowsAffected };
}

/** How the requests of a crowd ended. */
interface Crowd {
  readonly answered: number;
  readonly left: number;
  /** What else has happened, a few of each. */
  readonly problems: unknown[];
}

/**
 * Sends requests that overlap to this very Worker: from inside, so that no socket is in the way.
 * Every third client leaves: some at once, the others each when somebody else has been answered.
 */
async function crowd(env: Environment, own: boolean, leaving: boolean): Promise<Crowd> {
  let answered = 0;
  let left = 0;
  const problems: unknown[] = [];
  const waiting: AbortController[] = [];
  await Promise.all(Array.from({ length: CROWD }, async (_, id) => {
    const leaves = leaving && id % 3 === 0;
    const abort = new AbortController();
    try {
      const init = leaves ? { signal: abort.signal } : {};
      const call = env.SELF.fetch(`http://self/serve?own=${own}&id=${id}`, init);
      if (leaves && id % 2 === 0) abort.abort();
      else if (leaves) waiting.push(abort);
      const response = await call;
      const answer = await response.text();
      waiting.pop()?.abort();
      const expected = JSON.stringify({ row: { id }, value: id + 1, rowsAffected: 1 });
      if (answer === expected) answered += 1;
      else problems.push([response.status, answer.slice(0, 200)]);
    } catch (error) {
      if (leaves) left += 1;
      else problems.push(String(error));
    }
  }));
  return { answered, left, problems: problems.slice(0, 3) };
}

async function clear(db: DatabaseOnD1): Promise<void> {
  const tables = await db.all(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%\\_%' ESCAPE '\\'",
  );
  await db.batch(tables.map(({ name }) => ({ sql: `DROP TABLE "${name}"` })));
}

export default {
  async fetch(request: Request, env: Environment): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/serve") {
      const own = searchParams.get("own") === "true";
      return Response.json(await serve(env, Number(searchParams.get("id")), own));
    }
    if (pathname === "/crowd") {
      const [own, leaving] = ["own", "leaving"].map((name) => searchParams.get(name) === "true");
      return Response.json(await crowd(env, own, leaving));
    }
    if (pathname === "/visits") {
      const db = openD1(env.DB1);
      if (searchParams.has("begin")) {
        await db.executeScript("CREATE TABLE IF NOT EXISTS visits (id); DELETE FROM visits");
      }
      return Response.json({
        visits: await db.value("SELECT count(*) FROM visits"),
        stats: shared?.stats,
      });
    }
    const sent = counted(env.DB2);
    const db = openD1(sent.handle);
    await clear(openD1(env.DB2));
    return Response.json(await scenarios[pathname.slice(1)]({ db, sent, env }) ?? null);
  },
};
