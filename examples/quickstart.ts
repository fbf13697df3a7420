/**
 * What a pool is worth: 1,000 requests from 100 concurrent workers, repeated, once with a pool and
 * once with a connection that each request opens, sets up and closes.
 *
 *     node examples/quickstart.ts
 *     bun examples/quickstart.ts
 *     deno run -A examples/quickstart.ts
 *
 * `--seconds` sets how long each measurement lasts, `--users` the size of the database (20 rows
 * per user), `--report` a file for the results as JSON.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { SQLiteConnectionPool } from "@sqlitepool/pool";

const { values: args } = parseArgs({
  options: {
    seconds: { type: "string", default: "1.5" },
    users: { type: "string", default: "5000" },
    report: { type: "string" },
  },
});

const WORKERS = 100;
const REQUESTS = 1_000;
const SECONDS = Number(args.seconds);
const USERS = Number(args.users);
const POSTS = USERS * 4;
const COMMENTS = USERS * 15;

const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -16000;
  PRAGMA journal_size_limit = 67108864;
`;

const SCHEMA = `
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE);
  CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users,
    title TEXT NOT NULL,
    comment_count INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE comments (
    id INTEGER PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES posts,
    user_id INTEGER NOT NULL REFERENCES users,
    body TEXT NOT NULL
  );
  CREATE INDEX posts_by_user ON posts (user_id);
  CREATE INDEX comments_by_post ON comments (post_id);
`;

const NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)";
const ROWS = { users: USERS, posts: POSTS, comments: COMMENTS };
const SEED: Readonly<Record<keyof typeof ROWS, string>> = {
  users: "SELECT i, 'User ' || i, 'user' || i || '@example.org' FROM n",
  posts: `SELECT i, 1 + i * 7919 % ${USERS}, 'Post ' || i, 0 FROM n`,
  comments: `SELECT i, 1 + i * 7919 % ${POSTS}, 1 + i * 104729 % ${USERS}, 'Well said' FROM n`,
};

const USER = "SELECT id, name, email FROM users WHERE id = ?";
const FEED = `
  SELECT p.id, p.title, u.name, count(c.id) AS comments
  FROM posts p JOIN users u ON u.id = p.user_id LEFT JOIN comments c ON c.post_id = p.id
  WHERE p.user_id = ? GROUP BY p.id ORDER BY p.id DESC LIMIT 10`;
const ADD_COMMENT = "INSERT INTO comments (post_id, user_id, body) VALUES (?, ?, 'I agree')";
const COUNT_COMMENT = "UPDATE posts SET comment_count = comment_count + 1 WHERE id = ?";

/** What the workers request. */
interface Service {
  user(id: number): Promise<unknown>;
  feed(userId: number): Promise<unknown>;
  comment(postId: number, userId: number): Promise<unknown>;
}

/** What the drivers of all three runtimes have in common. */
interface Handle {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

interface Statement {
  get(...params: unknown[]): unknown;
  all(...params: unknown[]): unknown[];
  run(...params: unknown[]): unknown;
  /** Bun's statements outlive their connection, lock included, unless they are finalized. */
  finalize?(): void;
}

type Driver = Record<string, new (path: string) => Handle>;

const directory = mkdtempSync(join(tmpdir(), "sqlitepool-quickstart-"));
const file = join(directory, "app.db");

function open(): Handle {
  const bun = process.getBuiltinModule("bun:sqlite") as Driver | undefined;
  if (bun !== undefined) return new bun.Database(file);
  const node = process.getBuiltinModule("node:sqlite") as unknown as Driver;
  return new node.DatabaseSync(file);
}

function openPool(): SQLiteConnectionPool {
  return new SQLiteConnectionPool(open, { onConnect: (conn) => conn.executeScript(PRAGMAS) });
}

function pooled(pool: SQLiteConnectionPool): Service {
  return {
    user: (id) => pool.get(USER, [id]),
    feed: (userId) => pool.all(FEED, [userId]),
    comment: (postId, userId) =>
      pool.transaction(async (tx) => {
        await tx.run(ADD_COMMENT, [postId, userId]);
        await tx.run(COUNT_COMMENT, [postId]);
      }),
  };
}

/** A connection per request, at its best: no request waits while it has one open. */
const unpooled: Service = {
  user: (id) => withHandle((db) => use(db, USER, (user) => user.get(id))),
  feed: (userId) => withHandle((db) => use(db, FEED, (feed) => feed.all(userId))),
  comment: (postId, userId) =>
    withHandle((db) => {
      db.exec("BEGIN IMMEDIATE");
      use(db, ADD_COMMENT, (add) => add.run(postId, userId));
      use(db, COUNT_COMMENT, (count) => count.run(postId));
      db.exec("COMMIT");
    }),
};

async function withHandle<T>(work: (db: Handle) => T): Promise<T> {
  const db = open();
  try {
    db.exec(PRAGMAS);
    return work(db);
  } finally {
    db.close();
  }
}

function use<T>(db: Handle, sql: string, work: (statement: Statement) => T): T {
  const statement = db.prepare(sql);
  try {
    return work(statement);
  } finally {
    statement.finalize?.();
  }
}

let comments = COMMENTS;

/** A number from 1 to `count`. */
const any = (count: number): number => 1 + Math.floor(Math.random() * count);

const workloads: Readonly<Record<string, (service: Service) => Promise<unknown>>> = {
  "point reads": (service) => service.user(any(USERS)),
  "mix": (service) => {
    const dice = Math.random();
    if (dice < 0.7) return service.user(any(USERS));
    if (dice < 0.9) return service.feed(any(USERS));
    comments += 1;
    return service.comment(any(POSTS), any(USERS));
  },
};

interface Measurement {
  readonly workload: string;
  readonly side: string;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

async function measure(workload: string, side: string, service: Service): Promise<Measurement> {
  const request = workloads[workload];
  const run = async (seconds: number): Promise<Float64Array> => {
    const latencies: number[] = [];
    const end = performance.now() + seconds * 1_000;
    do {
      await serve(() => request(service), latencies);
      progress(`${workload}, ${side}: ${latencies.length} requests`);
    } while (performance.now() < end);
    return Float64Array.from(latencies).sort();
  };
  await run(SECONDS / 5);
  const started = performance.now();
  const latencies = await run(SECONDS);
  const elapsed = performance.now() - started;
  const percentile = (share: number): number => latencies[Math.floor(latencies.length * share)];
  return {
    workload,
    side,
    perSecond: latencies.length / elapsed * 1_000,
    p50: percentile(0.5),
    p90: percentile(0.9),
    p99: percentile(0.99),
  };
}

/** 1,000 requests from 100 workers; each sends its next request when it has its answer. */
async function serve(request: () => Promise<unknown>, latencies: number[]): Promise<void> {
  let left = REQUESTS;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const started = performance.now();
      await request();
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

async function seed(pool: SQLiteConnectionPool): Promise<void> {
  await pool.withConnection(async (conn) => {
    await conn.executeScript(SCHEMA);
    await conn.transaction(async (tx) => {
      for (const [table, rows] of Object.entries(ROWS)) {
        const select = SEED[table as keyof typeof ROWS];
        await tx.run(`${NUMBERS} INSERT INTO ${table} ${select}`, { rows });
      }
    });
  });
}

/** Checks that both sides served every request in full. */
async function verify(pool: SQLiteConnectionPool): Promise<void> {
  const [[stored, counted]] = await pool.values(
    "SELECT (SELECT count(*) FROM comments), (SELECT sum(comment_count) FROM posts)",
  );
  if (stored !== comments || counted !== comments - COMMENTS) {
    throw new Error(`Expected ${comments} comments; ${stored} stored, ${counted} counted anew`);
  }
}

const POOLED = "pooled";
const UNPOOLED = "opened per request";
const HELD_OPEN = "the same, file held open";

async function compare(workload: string): Promise<Measurement[]> {
  const alone = await measure(workload, UNPOOLED, unpooled);
  const pool = openPool();
  const shared = await measure(workload, POOLED, pooled(pool));
  // The kinder case: while another connection is open, closing one does not checkpoint the WAL.
  const heldOpen = await measure(workload, HELD_OPEN, unpooled);
  await verify(pool);
  await pool.close();
  return [shared, alone, heldOpen];
}

function print(measurements: readonly Measurement[]): void {
  const [{ workload, perSecond: best }] = measurements;
  const header = ["requests/s", "p50 ms", "p90 ms", "p99 ms", "pooled is"];
  progress("");
  console.log(`\n${workload.padEnd(24)}${header.map((title) => title.padStart(12)).join("")}`);
  for (const { side, perSecond, p50, p90, p99 } of measurements) {
    const cells = [
      Math.round(perSecond).toLocaleString("en"),
      ...[p50, p90, p99].map((ms) => ms.toFixed(2)),
      side === POOLED ? "" : `${(best / perSecond).toFixed(1)} x`,
    ];
    console.log(`${side.padEnd(24)}${cells.map((cell) => cell.padStart(12)).join("").trimEnd()}`);
  }
}

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return `Bun ${bun}`;
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`;
}

try {
  const rows = (USERS + POSTS + COMMENTS).toLocaleString("en");
  console.log(`${runtime()} on ${availableParallelism()} x ${cpus()[0]?.model.trim()}`);
  console.log(`${rows} rows; rounds of ${REQUESTS} requests from ${WORKERS} workers, repeated for`);
  console.log(`${SECONDS} s; a mix is 70 % point reads, 20 % joins, 10 % write transactions`);
  const pool = openPool();
  await seed(pool);
  await pool.close();
  const results: Measurement[] = [];
  for (const workload of Object.keys(workloads)) {
    const measurements = await compare(workload);
    print(measurements);
    results.push(...measurements);
  }
  if (args.report !== undefined) writeFileSync(args.report, JSON.stringify(results));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
