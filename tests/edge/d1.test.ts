/** openD1 inside workerd, without nodejs_compat, against the D1 of miniflare. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { skipFor } from "../helpers/skip_reasons.ts";
import { noWorkerd, type StartedWorker, startWorker } from "./harness/workerd.ts";

let starting: Promise<StartedWorker> | undefined;
const worker = (): Promise<StartedWorker> =>
  starting ??= startWorker({
    source: 'export { default } from "./tests/edge/workers/d1_worker.ts";',
  });
if (noWorkerd === undefined) after(() => starting?.then((started) => started.stop()));

/** What a scenario of the Worker gives. */
async function ask<T>(path: string): Promise<T> {
  const response = await (await worker()).fetch(`http://d1/${path}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

/** How a call of a scenario ended. */
interface Ended {
  readonly value?: unknown;
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly extendedCode?: string;
  readonly sql?: string;
  readonly index?: number;
  readonly cause?: string;
}

const namesOf = (outcomes: readonly Ended[]): (string | undefined)[] =>
  outcomes.map(({ name, code }) => code ?? name);

const tests: Readonly<Record<string, () => Promise<void>>> = {
  async "300 point reads in one request are 3 requests to D1, and 300 one by one"() {
    const together = await ask("together");
    assert.deepEqual(together, { right: true, requests: [100, 100, 100], counted: 3 });
    assert.equal(await ask("oneByOne"), 300);
  },

  async "reads meet although some await a few promises before, and again in answer to answers"() {
    assert.deepEqual(await ask("turns"), { right: true, requests: [50, 50] });
  },

  async "every kind of read gives in a batch what it gives alone"() {
    const { results, requests } = await ask<{ results: unknown[]; requests: number[] }>(
      "kindsOfReads",
    );
    assert.deepEqual(results, [
      { a: 3, b: 2 },
      null,
      [{ id: 1 }, { id: 2 }],
      3,
      null,
      [[1, 2, 3]],
      [[1, 2]],
      [[1, "v1"]],
      [[2, { 0: 0, 1: 1 }, null]],
      { "? + 1": 2 },
      { five: 5, type: "integer", other: "real" },
      [{ id: 1 }, { id: 2 }],
      { columns: ["id", "v"], rows: [{ id: 1, v: "v1" }], rowsAffected: 0 },
      { columns: ["id", "v"], rows: [], rowsAffected: 0 },
      ["id", "v"],
    ]);
    // What cannot be told from objects has a request of its own: the statements without known
    // columns at once, those whose objects lack something afterwards.
    assert.deepEqual(requests, [1, 1, 13, 1, 1, 1]);
  },

  async "a read that fails changes no neighbour's outcome, and only reads are sent again"() {
    const { first, requests, again } = await ask<{
      first: Ended[];
      requests: number[];
      again: { same: boolean; requests: number[] };
    }>("failingNeighbours");
    assert.deepEqual(
      first.map(({ value, name, message, sql }) => value ?? [name, message, sql]),
      [
        "v1",
        ["SQLiteError", "malformed JSON", "SELECT json(?) AS j"],
        "v2",
        ["SQLiteError", "no such table: nowhere", "SELECT * FROM nowhere"],
        [
          "SQLiteIntegerRangeError",
          'column "9007199254740993" holds an integer that no JavaScript number can represent ' +
          "exactly: read CAST(column AS TEXT) instead",
          "SELECT 9007199254740993",
        ],
        ["Error", "my factory", undefined],
        "v4",
      ],
    );
    assert.deepEqual(requests, [7, 1, 1, 1, 1, 1, 1, 1]);
    // Those that made the batch fail are known by then.
    assert.deepEqual(again, { same: true, requests: [1, 1, 5] });
  },

  async "what D1 does not answer is a failed read, and a write of unknown outcome"() {
    const { lost, overloaded, afterwards } = await ask<{
      lost: { outcomes: Ended[]; requests: number };
      overloaded: { outcomes: Ended[]; requests: number };
      afterwards: number[];
    }>("platformFails");
    const unknown = "OutcomeUnknownError";
    assert.deepEqual(namesOf(lost.outcomes), ["SQLITE_IOERR", "SQLITE_IOERR", unknown, unknown]);
    // The batch of reads, each of them again, and each write once.
    assert.equal(lost.requests, 5);
    assert.deepEqual(namesOf(overloaded.outcomes), Array(4).fill("SQLITE_BUSY"));
    assert.equal(overloaded.requests, 3);
    // Nobody is to blame: they meet again.
    assert.deepEqual(afterwards, [2]);
  },

  async "a write tells exactly what it changed, and is one request"() {
    const results = await ask<
      { columns: string[]; rows: unknown[]; rowsAffected: number; lastInsertRowid: string }[]
    >("writes");
    assert.deepEqual(
      results.map(({ rowsAffected, lastInsertRowid }) => [rowsAffected, lastInsertRowid]),
      [
        [1, "1"],
        [1, "2"],
        [1, "undefined"],
        [1, "3"],
        [1, "4"],
        [1, "undefined"],
        [1, "undefined"],
        [1, "undefined"],
        [2, "undefined"],
        [2, "undefined"],
        [1, "undefined"],
        [0, "undefined"],
        [1, "9007199254740993"],
      ],
    );
    assert.deepEqual(results[1].columns, ["u", "u", "typeof(n)"]);
    assert.deepEqual(results[1].rows, [{ u: "b", "typeof(n)": "integer" }]);
    assert.deepEqual(results[9].rows, [{ id: 3 }, { id: 4 }]);
  },

  async "a batch and a script are all or nothing"() {
    const { batch, requests, failures, left, empty } = await ask<{
      batch: unknown[];
      requests: number[];
      failures: Ended[];
      left: unknown[];
      empty: unknown[];
    }>("batches");
    assert.deepEqual(batch, [
      { columns: [], rows: [], rowsAffected: 1, lastInsertRowid: 2 },
      { columns: [], rows: [], rowsAffected: 2 },
      { columns: ["n"], rows: [{ n: 11 }, { n: 12 }], rowsAffected: 0 },
    ]);
    assert.equal(requests.length, 1);
    assert.deepEqual(failures.map(({ extendedCode }) => extendedCode), [
      "SQLITE_CONSTRAINT_PRIMARYKEY",
      "SQLITE_ERROR",
      "SQLITE_MISUSE",
    ]);
    assert.deepEqual([failures[2].sql, failures[2].index], ["COMMIT", 1]);
    assert.ok(!JSON.stringify(failures).includes("secret"));
    assert.deepEqual(left, [[11], [12]]);
    assert.deepEqual(empty, []);
  },

  async "an answer that cannot be read says that the write has taken effect"() {
    const { outcomes, rows } = await ask<{ outcomes: Ended[]; rows: number }>("unreadable");
    for (const { name, message } of outcomes.slice(0, 3)) {
      assert.equal(name, "OutcomeUnknownError");
      assert.match(message!, /^The write has taken effect, but what it gave back cannot be read: /);
    }
    assert.equal(outcomes[3].name, "SQLiteIntegerRangeError");
    assert.equal(rows, 3);
  },

  async "hooks and observers are told of each statement once, and types of columns are refused"() {
    const { events, operations, warning, warnings, closed, untyped, typed } = await ask<{
      events: unknown[][];
      operations: unknown[][];
      warning: string;
      warnings: number;
      closed: Ended;
      untyped: { columns: string[]; columnTypes?: unknown };
      typed: Ended[];
    }>("observed");
    assert.deepEqual([untyped.columns, untyped.columnTypes], [["1"], undefined]);
    for (const { code, message } of typed) {
      assert.equal(code, "SQLITE_MISUSE");
      assert.match(message!, /^columnTypes are not supported on D1/);
    }
    const script = "CREATE TABLE seen (n UNIQUE); CREATE TABLE other (n)";
    const [insert, again] = ["INSERT INTO seen VALUES (?)", "INSERT INTO seen VALUES (2)"];
    const [select, bad] = ["SELECT n FROM seen", "SELECT * FROM nowhere"];
    assert.deepEqual(events, [
      [script, 0, "edge"],
      [insert, 0, "edge"],
      [select, 1, "edge"],
      [bad, 0, "edge", "SQLITE_ERROR"],
      [again, 0, "edge"],
      [select, 2, "edge"],
      // D1 does not tell which one failed.
      [again, 0, "edge", "SQLITE_CONSTRAINT"],
      [select, 2, "edge"],
      ["SELECT 1", 1, "edge"],
    ]);
    const writer = ["shop", "writer"];
    const batch = ["transaction", "BEGIN IMMEDIATE", ...writer];
    assert.deepEqual(operations, [
      ["query", script, ...writer],
      ["query", insert, ...writer],
      ["query", select, "shop", "reader"],
      ["query", bad, "shop", "reader"],
      ...[["query", again, ...writer], ["query", select, ...writer], batch],
      ...[["query", again, ...writer], batch],
      ["query", select, "shop", "reader"],
      ["query", "SELECT 1", "shop", "reader"],
    ]);
    assert.match(warning, /^A statement of "shop" took \d+ ms.*: INSERT INTO seen VALUES \(\?\)$/);
    assert.equal(warnings, events.length);
    assert.equal(closed.message, '"shop": The database is closed. Open it again to go on.');
  },

  async "every wait ends: deadlines and signals, before and after a request is sent"() {
    const { early, sentEarly, outcomes, counters, rows } = await ask<{
      early: Ended[];
      sentEarly: number;
      outcomes: Ended[];
      counters: number[];
      rows: number;
    }>("limits");
    assert.deepEqual(early.map(({ message }) => message), ["too late", "too late"]);
    assert.equal(sentEarly, 0);
    const unknown = "OutcomeUnknownError";
    assert.deepEqual(namesOf(outcomes), [
      ...["QueryTimeoutError", unknown, unknown, unknown, "QueryTimeoutError", "Error", unknown],
      "QueryTimeoutError",
    ]);
    assert.deepEqual([outcomes[5].message, outcomes[6].cause], ["client left", "client left"]);
    assert.deepEqual(counters, [2, 2, 3, 2]);
    assert.equal(rows, 0);
  },

  async "a turn ends without a timer, which would belong to one of the requests"() {
    assert.deepEqual(await ask("withoutTimers"), { requests: [1], value: 1 });
  },

  async "a read whose caller leaves in the same turn is not sent"() {
    assert.deepEqual(await ask("leavesEarly"), {
      left: { name: "Error", message: "left" },
      stays: "v2",
      requests: [1],
    });
  },

  async "sessions continue from bookmarks, and their reads meet"() {
    const { requests, ...session } = await ask<{ requests: number[] }>("sessions");
    assert.deepEqual(session, {
      empty: "",
      goesOn: true,
      rows: [{ n: 1 }],
      ofOpened: [true, 1],
      hasGrown: true,
      together: [1, 2],
      plain: "",
      isBookmark: true,
    });
    assert.deepEqual(requests, [1, 2, 1, 2]);
  },

  async "close refuses new calls, and those under way are answered"() {
    const { underWay, closed, late, refused, opened, isSame } = await ask<{
      underWay: number;
      closed: boolean;
      late: Ended[];
      refused: Ended;
      opened: boolean;
      isSame: boolean;
    }>("closing");
    assert.deepEqual([underWay, closed], [2, true]);
    assert.deepEqual(namesOf(late), Array(6).fill("PoolClosedError"));
    assert.match(refused.message!, /^drain must be true or false/);
    assert.deepEqual([opened, isSame], [true, true]);
  },

  async "iterate takes its parameters and options when it is called"() {
    assert.deepEqual(await ask("iterateTakes"), [1, "01"]);
  },

  async "misuse is refused with what to do instead"() {
    const outcomes = await ask<Record<string, Ended>>("misuse");
    const told = Object.entries(outcomes).map(([call, { name, message = "" }]) => {
      const [expectedName, words] = misuse[call] ?? [];
      const isRight = name === expectedName && message.includes(words ?? message + ".");
      return [call, isRight ? "as expected" : `${name}: ${message}`];
    });
    assert.deepEqual(told, Object.keys(misuse).map((call) => [call, "as expected"]));
  },
};

const misuse: Readonly<Record<string, readonly [name: string, words: string]>> = {
  "openD1(undefined)": ["TypeError", "such as env.DB; got undefined. Is it among"],
  "openD1({})": ["TypeError", "such as env.DB; got an object"],
  "openD1 of a session": ["TypeError", "got a D1DatabaseSession"],
  "openD1, unknown option": ["TypeError", 'Unknown option "timeout"'],
  "openD1, options null": ["TypeError", "The options must be an object; got null"],
  "openD1, bad queryTimeoutMs": ["RangeError", "from 1 up; got 0"],
  "openD1, bad rowFactory": ["TypeError", "rowFactory must be a function; got 5"],
  "openD1, bad bookmark": ["TypeError", "after must be a bookmark"],
  "session, bad bookmark": ["TypeError", "after must be a bookmark"],
  "session, unknown option": ["TypeError", 'Unknown option "from"'],
  "write(fn)": ["SQLitePoolError", "Pass the statements to db.batch([...])"],
  "read(fn)": ["SQLitePoolError", "db.batch([...]) see one snapshot"],
  "connection()": ["SQLitePoolError", "Use db.batch([...])"],
  "checkpoint()": ["SQLitePoolError", "D1 looks after its own log"],
  "backup()": ["SQLitePoolError", "Use Time Travel"],
  "get that writes": ["SQLiteError", "db.get() only reads. Use db.run()"],
  "value that sets": ["SQLiteError", "db.value() only reads"],
  "iterate that writes": ["SQLiteError", "db.iterate() only reads"],
  "no SQL": ["TypeError", "The query must be a string"],
  "two statements": ["SQLiteError", "more than one statement"],
  "BEGIN": ["SQLiteError", "pass the statements that belong together to batch([...])"],
  "OR ROLLBACK": ["SQLiteError", "use ABORT"],
  "too few values": ["RangeError", "takes 1 parameter, but none was given"],
  "undefined": ["TypeError", "parameter 1 is undefined"],
  "a Date": ["TypeError", "pass date.toISOString()"],
  "-0": ["RangeError", "pass 0"],
  "Infinity": ["RangeError", "pass null if that is meant"],
  "2n ** 63n": ["RangeError", "more than 64 bits"],
  "a lone surrogate": ["RangeError", "lone surrogate"],
  "unknown option": ["TypeError", 'Unknown option "timeout". The options are signal, timeoutMs'],
  "a bad timeoutMs": ["RangeError", "got -1"],
  "a timeoutMs of another type": ["TypeError", "timeoutMs must be a number"],
  "a bad timeoutMs of close": ["RangeError", "got -1"],
  "a bad rowFactory in a batch": ["TypeError", "Statement 0 of the batch: rowFactory must be"],
  "a bad signal": ["TypeError", "signal must be an AbortSignal"],
  "rowFactory of value": ["TypeError", 'Unknown option "rowFactory"'],
  "batch of texts": ["TypeError", 'must be { sql, params }; got the string "SELECT 1"'],
  "batch of args": ["TypeError", "must be { sql, params }; got a key args"],
  "batch of nothing": ["TypeError", "batch takes an array"],
  "script of nothing": ["TypeError", "executeScript takes SQL text"],
  "script with parameters": ["RangeError", "takes 1 parameter"],
};

for (const [name, run] of Object.entries(tests)) test(name, skipFor(name, noWorkerd), run);

/** How the requests of a crowd of 1,000 ended. */
interface Crowd {
  readonly answered: number;
  readonly left: number;
  readonly problems: unknown[];
}

/** Whether each request opens a database, or all share one in a global, as by mistake. */
for (const own of [true, false]) {
  const whose = own ? "a database each" : "one database in a global";

  const all = `1,000 overlapping requests are all answered: ${whose}`;
  test(all, skipFor(all, noWorkerd), async () => {
    await ask("visits?begin");
    const crowd = await ask<Crowd>(`crowd?own=${own}`);
    assert.deepEqual(crowd, { answered: 1_000, left: 0, problems: [] });
    await leavesNothing(1_000);
  });

  const aborted = `clients that leave keep nobody else from an answer: ${whose}`;
  test(aborted, skipFor(aborted, noWorkerd), async () => {
    await ask("visits?begin");
    const { answered, left, problems } = await ask<Crowd>(`crowd?own=${own}&leaving=true`);
    assert.deepEqual([answered + left, problems], [1_000, []]);
    // Half of the third leave before they can be answered.
    assert.ok(left >= 167, `${left} have left`);
    await leavesNothing(answered);
    // Nobody waits for those who left.
    const next = { row: { id: 5 }, value: 6, rowsAffected: 1 };
    assert.deepEqual(await ask(`serve?own=${own}&id=5`), next);
  });
}

/** Everybody who was answered has written, and no gauge remembers anybody. */
async function leavesNothing(answered: number): Promise<void> {
  const { visits, stats } = await ask<{
    visits: number;
    stats?: { readers: Record<string, number>; writer: Record<string, number> };
  }>("visits");
  assert.ok(visits >= answered, `${visits} of ${answered}`);
  for (const pool of [stats?.readers, stats?.writer]) {
    if (pool === undefined) continue;
    const { size, inUse, opening, waiting, timeouts } = pool;
    assert.deepEqual([size, inUse, opening, waiting, timeouts], [0, 0, 0, 0, 0]);
  }
}
