/** What is wrong is named, by what it is; and the token shows nowhere. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { after, test, type TestContext } from "node:test";
import { inspect } from "node:util";

import {
  type DatabaseOptions,
  openDatabase,
  type RemoteDatabase,
  type RemoteOptions,
} from "../../mod.ts";
import { openRemote } from "../../src/remote/remote.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { SharedServer } from "./helpers/databases.ts";
import { noServers, tokenOf } from "./helpers/sqld.ts";

const shared = new SharedServer({ auth: true });
after(() => shared.remove());

/** All of an error that somebody may print, log or send. */
function everythingOf(error: unknown): string {
  const texts: string[] = [inspect(error, { depth: 10, showHidden: true }), String(error)];
  for (let one = error; one instanceof Error; one = one.cause) {
    texts.push(one.message, one.stack ?? "", JSON.stringify(one));
    texts.push(JSON.stringify(Object.getOwnPropertyDescriptors(one)));
  }
  return texts.join("\n");
}

/** The errors of opening and of every method. */
async function errorsOf(url: string, options: RemoteOptions): Promise<unknown[]> {
  let db: RemoteDatabase;
  try {
    db = await openRemote(url, { queryTimeoutMs: 3_000, ...options });
  } catch (error) {
    return [error];
  }
  try {
    const calls = [
      () => db.run("CREATE TABLE IF NOT EXISTS t (a)"),
      () => db.batch([{ sql: "INSERT INTO t VALUES (1)" }]),
      () => db.executeScript("INSERT INTO t VALUES (1)"),
      () => db.write((tx) => tx.run("INSERT INTO t VALUES (1)")),
      () => db.get("SELECT nothing FROM nowhere"),
    ];
    const outcomes = [];
    for (const call of calls) outcomes.push(...await Promise.allSettled([call()]));
    return outcomes.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  } finally {
    assert.doesNotMatch(inspect(db, { depth: 10, showHidden: true }), /canary/i);
    assert.doesNotMatch(JSON.stringify([db, db.stats]), /canary/i);
    await db.close({ timeoutMs: 0 });
  }
}

/** A server that answers like this. */
async function answering(t: TestContext, status: number, body: string): Promise<string> {
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(status, { "content-type": "text/html" });
      response.end(body.replace("TOKEN", request.headers.authorization ?? ""));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const CANARY = "canary-e2f1c0";

interface Failure {
  readonly name: string;
  /** Whether it takes a real server. */
  readonly real?: boolean;
  readonly url: (t: TestContext) => string | Promise<string>;
  readonly authToken?: RemoteOptions["authToken"];
  /** What every error of it looks like. */
  readonly error: { readonly name: string; readonly code?: string; readonly message: RegExp };
}

const real = (): string => shared.server.url;
const marked = (claims: object): string => tokenOf({ mark: CANARY, ...claims });

const failures: readonly Failure[] = [
  {
    name: "a wrong token",
    real: true,
    url: real,
    authToken: `${CANARY}.nothing.signed`,
    error: {
      name: "SQLiteError",
      code: "SQLITE_AUTH",
      message: /refused the token.*JWT is invalid/,
    },
  },
  {
    name: "an expired token",
    real: true,
    url: real,
    authToken: marked({ exp: 1 }),
    error: { name: "SQLiteError", code: "SQLITE_AUTH", message: /JWT has expired/ },
  },
  {
    name: "no token",
    real: true,
    url: real,
    error: { name: "SQLiteError", code: "SQLITE_AUTH", message: /authorization header/ },
  },
  {
    name: "a token from a function",
    real: true,
    url: real,
    authToken: () => Promise.resolve(`${CANARY}.from.function`),
    error: { name: "SQLiteError", code: "SQLITE_AUTH", message: /refused the token/ },
  },
  {
    name: "a server that is gone",
    url: async () => `http://127.0.0.1:${await closedPort()}`,
    authToken: CANARY,
    error: {
      name: "PoolConnectionOpenError",
      message: /http:\/\/127\.0\.0\.1:\d+ cannot be reached/,
    },
  },
  {
    name: "a host that does not exist",
    url: () => "libsql://nowhere.invalid",
    authToken: CANARY,
    error: { name: "PoolConnectionOpenError", message: /https:\/\/nowhere\.invalid cannot be/ },
  },
  {
    name: "a server without TLS",
    url: async (t) => (await answering(t, 200, "hello")).replace("http:", "https:"),
    authToken: CANARY,
    error: { name: "PoolConnectionOpenError", message: /cannot be reached/ },
  },
  {
    name: "a page instead of a server",
    url: (t) => answering(t, 200, "<h1>Hello TOKEN</h1>"),
    authToken: CANARY,
    error: { name: "PoolConnectionOpenError", message: /no libSQL server that speaks Hrana 3/ },
  },
  {
    name: "a page that is not there, and quotes the request",
    url: (t) => answering(t, 404, "<h1>Not found. You sent TOKEN</h1>"),
    authToken: CANARY,
    error: { name: "PoolConnectionOpenError", message: /no libSQL server/ },
  },
  {
    name: "a redirection",
    url: (t) => answering(t, 302, "elsewhere"),
    authToken: CANARY,
    error: { name: "PoolConnectionOpenError", message: /no libSQL server/ },
  },
  {
    name: "a server that fails, and quotes the request",
    url: (t) => answering(t, 500, '{"error":"broken by TOKEN"}'),
    authToken: CANARY,
    error: { name: "SQLiteError", message: /answered 500: broken by Bearer \[token\]/ },
  },
];

for (const { name, url, authToken, error: expected, real: needsServer } of failures) {
  const title = `${name}: a typed error without the token`;
  test(title, skipFor(title, needsServer ? noServers : undefined), async (t) => {
    if (needsServer) await shared.start();
    const errors = await errorsOf(await url(t), { authToken });
    assert.ok(errors.length > 0, "nothing failed");
    for (const error of errors) {
      const { name, code, message } = error as Error & { code?: string };
      assert.equal(name, expected.name, message);
      assert.match(message, expected.message);
      if (expected.code !== undefined) assert.equal(code, expected.code);
      assert.ok(!everythingOf(error).includes(CANARY), everythingOf(error));
      if (typeof authToken === "string") assert.ok(!everythingOf(error).includes(authToken));
    }
  });
}

const readOnly = "a token that only reads: writes are refused, reads go on";
test(readOnly, skipFor(readOnly, noServers), async () => {
  await shared.start();
  const owner = await openRemote(shared.server.url, { authToken: tokenOf() });
  await owner.run("CREATE TABLE IF NOT EXISTS t (a)");
  await owner.close();
  const authToken = marked({ a: "ro" });
  const errors = await errorsOf(shared.server.url, { authToken });
  const codes = errors.map((error) => (error as { code?: string }).code);
  assert.deepEqual(codes, [...Array(4).fill("SQLITE_READONLY"), "SQLITE_ERROR"]);
  for (const error of errors) assert.ok(!everythingOf(error).includes(authToken));
  const db = await openRemote(shared.server.url, { authToken });
  const [write, read] = await Promise.allSettled([
    db.run("INSERT INTO t VALUES (1)"),
    db.get("SELECT 1 AS one"),
  ]);
  assert.equal(write.status, "rejected");
  assert.deepEqual(read, { status: "fulfilled", value: { one: 1 } });
  await db.close();
});

const rotated = "a token from a function is asked for again, so that it may change";
test(rotated, skipFor(rotated, noServers), async () => {
  await shared.start();
  let asked = 0;
  const db = await openRemote(shared.server.url, { authToken: () => tokenOf({ n: asked++ }) });
  await db.get("SELECT 1");
  await db.get("SELECT 1");
  assert.ok(asked >= 3, `${asked}`);
  await db.close();
});

const wrong = <T>(value: unknown): T => value as T;
const LOCATION = "http://127.0.0.1:9";

const mistakes: readonly (readonly [string, () => Promise<unknown>, object])[] = [
  ["no URL", () => openRemote("app.db"), {
    name: "TypeError",
    message: /location must be a URL such as libsql:.*got a text without a scheme/,
  }],
  ["another scheme", () => openRemote("ftp://canary@host"), { message: /got ftp:$/ }],
  ["a URL that is none", () => openRemote("http://"), { name: "TypeError" }],
  ["a password in the URL", () => openRemote("http://user:canary@host"), {
    message: /user or password in it: pass authToken/,
  }],
  ["an unknown parameter", () => openRemote("libsql://host?authtoken=canary"), {
    message: /parameter that is not known: "authtoken"$/,
  }],
  ["a number as primary", () => openRemote({ primary: wrong(5) }), {
    message: /primary must be a URL.*got 5/,
  }],
  ["one replica that is no array", () => openRemote({ primary: LOCATION, replicas: wrong("x") }), {
    message: /replicas must be an array/,
  }],
  ["a replica that is none", () => openRemote({ primary: LOCATION, replicas: ["x"] }), {
    message: /replicas\[0\] must be a URL/,
  }],
  ["a misspelt part", () => openRemote(wrong({ primary: LOCATION, replica: [] })), {
    message: /Unknown option "replica"/,
  }],
  ["a token that no header takes", () => openRemote(LOCATION, { authToken: "canary\nx" }), {
    name: "TypeError",
    message: /authToken must be a text of printable/,
  }],
  ["a token that is a number", () => openRemote(LOCATION, { authToken: wrong(5) }), {
    message: /authToken.*got a number/,
  }],
  ["a function that gives no token", () => openRemote(LOCATION, { authToken: () => wrong(5) }), {
    message: /authToken.*got a number/,
  }],
  ["a function that fails", () => openRemote(LOCATION, { authToken: () => Promise.reject(1) }), {
    name: "SQLitePoolError",
    message: /function authToken failed/,
  }],
  ["an option of files", () => openRemote(LOCATION, wrong<RemoteOptions>({ readers: 4 })), {
    message: /Unknown option "readers"/,
  }],
  ["an unknown consistency", () => openRemote(LOCATION, { consistency: wrong("causal") }), {
    message: /"session", "strong" or "eventual"; got the string "causal"/,
  }],
  ["a limit that is a text", () => openRemote(LOCATION, { queryTimeoutMs: wrong("5") }), {
    name: "TypeError",
    message: /queryTimeoutMs must be a number from 1 up/,
  }],
  ["too many transactions", () => openRemote(LOCATION, { maxTransactions: 129 }), {
    name: "RangeError",
    message: /maxTransactions must be a number from 1 to 100; got 129/,
  }],
  ["a fetch that is none", () => openRemote(LOCATION, { fetch: wrong({}) }), {
    message: /fetch must be a function/,
  }],
  [
    "an option of servers for a file",
    () => openDatabase("x.db", wrong<DatabaseOptions>({ consistency: "strong" })),
    {
      message: /Unknown option "consistency"/,
    },
  ],
];

for (const [name, does, expected] of mistakes) {
  test(`${name} is refused by name`, async () => {
    await assert.rejects(does(), (error) => {
      assert.ok(!everythingOf(error).includes("canary"), everythingOf(error));
      return true;
    });
    await assert.rejects(does(), expected);
  });
}

const options = "options of a call are checked before it is sent";
test(options, skipFor(options, noServers), async () => {
  await shared.start();
  const db = await openRemote(shared.server.url, { authToken: tokenOf() });
  const before = db.stats.servers[0].requests;
  await assert.rejects(db.get("SELECT 1", [], wrong({ retry: true })), /Unknown option "retry"/);
  await assert.rejects(db.run("SELECT 1", [], { retry: wrong(1) }), /retry must be true or false/);
  await assert.rejects(db.get("SELECT 1", [], { timeoutMs: -1 }), RangeError);
  await assert.rejects(db.get("SELECT ?", []), RangeError);
  await assert.rejects(db.write(() => {}, { retries: -1 }), RangeError);
  await assert.rejects(db.write(wrong(5)), /write takes a function/);
  for (const statement of [{ sql: "SELECT ?", args: [1] }, { text: "SELECT 1" }, null]) {
    await assert.rejects(
      db.batch([{ sql: "CREATE TABLE made (n)" }, wrong<never>(statement)]),
      /^TypeError: Statement 1 of the batch/,
    );
  }
  await assert.rejects(db.batch(wrong<never>("x")), /batch takes an array/);
  assert.equal(db.stats.servers[0].requests, before);
  await db.close();
});
