"""The Python original: aiosqlite with aiosqlitepool, and aiosqlite opened per request.

Speaks the lines of bench/run/protocol.ts and does the same work as bench/scenarios.
"""

import asyncio
import json
import sqlite3
import sys
import time
from contextlib import asynccontextmanager

MARK = "@@bench "

USER = "SELECT id, name FROM users WHERE id = ?"
POST = """
  SELECT posts.id, posts.title, users.name FROM posts JOIN users ON users.id = posts.user_id
  WHERE posts.id = ?"""
HUNDRED_COMMENTS = """
  SELECT id, post_id, user_id, body, created_at FROM comments WHERE id >= ? LIMIT 100"""
ADD_LIKE = "INSERT INTO likes (user_id, post_id) VALUES (?, ?)"
ADD_COMMENT = (
    "INSERT INTO comments (post_id, user_id, body, created_at) VALUES (?, ?, 'I agree', ?)"
)

# What its README recommends for web applications, and used for its load test.
POOL_SIZE = 10
LOAD_TEST_POOL_SIZE = 100

LOAD = "1,000 requests x 100 workers"
OVERHEAD = "SELECTs x 5 workers"
REQUESTS = 1_000


def answer(**line):
    print(MARK + json.dumps(line), flush=True)


def spread(i, count):
    return i * 7919 % count + 1


async def call_all(callers, calls, call):
    numbers = iter(range(calls))

    async def loop():
        for i in numbers:
            await call(i)

    await asyncio.gather(*(loop() for _ in range(min(callers, calls))))


def percentiles(latencies):
    ordered = sorted(latencies)

    def at(share):
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    return {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99)}


class Database:
    def __init__(self, assignment):
        self.path = assignment["path"]
        self.is_pooled = assignment["lane"] == "aiosqlitepool"
        scenario = assignment["scenario"]
        self.synchronous = "FULL" if scenario == "durable-writes" else "NORMAL"
        size = LOAD_TEST_POOL_SIZE if scenario == "load-test" else POOL_SIZE
        self.pool = SQLiteConnectionPool(self.connect, pool_size=size) if self.is_pooled else None

    async def connect(self):
        conn = await aiosqlite.connect(self.path)
        for pragma in (
            "journal_mode = WAL",
            f"synchronous = {self.synchronous}",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "cache_size = -16000",
            "journal_size_limit = 67108864",
            "busy_timeout = 5000",
        ):
            await conn.execute(f"PRAGMA {pragma}")
        return conn

    @asynccontextmanager
    async def connection(self):
        if self.pool is not None:
            async with self.pool.connection() as conn:
                yield conn
            return
        conn = await self.connect()
        try:
            yield conn
        finally:
            await conn.close()

    async def get(self, sql, params):
        async with self.connection() as conn:
            cursor = await conn.execute(sql, params)
            return await cursor.fetchone()

    async def all(self, sql, params):
        async with self.connection() as conn:
            cursor = await conn.execute(sql, params)
            return await cursor.fetchall()

    async def run(self, sql, params):
        async with self.connection() as conn:
            await conn.execute(sql, params)
            await conn.commit()

    async def close(self):
        if self.pool is not None:
            await self.pool.close()


class Scenarios:
    def __init__(self, db, rows):
        self.db = db
        self.rows = rows
        self.done = 0

    def advance(self, calls):
        first = self.done
        self.done += calls
        return first

    async def run(self, scenario, variant, calls):
        if scenario == "load-test" and variant == LOAD:
            return await self.load(calls)
        callers, call = self.plan(scenario, variant)
        first = self.advance(calls)
        await call_all(callers, calls, lambda i: call(first + i))
        return {}

    def plan(self, scenario, variant):
        db, rows = self.db, self.rows
        if scenario == "load-test" and variant == OVERHEAD:
            return 5, lambda i: db.get(USER, (spread(i, rows["users"]),))
        if scenario == "point-reads":
            callers = int(variant.split(" ")[0].replace(",", ""))
            return callers, lambda i: db.get(USER, (spread(i, rows["users"]),))
        if scenario == "hundred-rows":
            last = rows["comments"] - 100
            return 20, lambda i: db.all(HUNDRED_COMMENTS, (spread(i, last),))
        if scenario == "mixed":
            return 100, self.mixed
        if scenario == "durable-writes" and variant == "one statement":
            return 100, lambda i: db.run(
                ADD_COMMENT, (spread(i, rows["posts"]), spread(i, rows["users"]), i)
            )
        raise NotImplementedError("is not measured here")

    async def mixed(self, i):
        if i % 5 == 0:
            users, posts = self.rows["users"], self.rows["posts"]
            await self.db.run(ADD_LIKE, (spread(i, users), spread(i, posts)))
        else:
            await self.db.get(USER, (spread(i, self.rows["users"]),))

    async def load(self, calls):
        rounds = max(1, round(calls / REQUESTS))
        latencies = []

        async def request(i):
            started = time.perf_counter()
            if i % 2 == 0:
                await self.db.get(USER, (spread(i, self.rows["users"]),))
            else:
                await self.db.get(POST, (spread(i, self.rows["posts"]),))
            latencies.append((time.perf_counter() - started) * 1_000)

        for _ in range(rounds):
            first = self.advance(REQUESTS)
            await call_all(100, REQUESTS, lambda i: request(first + i))
        return {"calls": len(latencies), **percentiles(latencies)}


INSERT = "INSERT INTO checks (name) VALUES (?)"
COUNT = """
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
  SELECT count(*) AS n FROM numbers"""
NUMBERS = 4_000_000


async def settle(awaitable):
    """Why it failed; None if it did not."""
    try:
        await asyncio.wait_for(awaitable, 15)
        return None
    except Exception as error:
        return str(error) or type(error).__name__


async def examine(assignment):
    """What scenarios/correctness.ts asks of the others."""
    raw = sqlite3.connect(assignment["path"])
    raw.executescript("DROP TABLE IF EXISTS checks; CREATE TABLE checks (name TEXT PRIMARY KEY)")
    raw.close()
    db = Database(assignment)
    remarks = []

    async def transaction(work):
        async with db.connection() as conn:
            await conn.execute("BEGIN IMMEDIATE")
            try:
                await work(conn)
                await conn.commit()
            except BaseException:
                await conn.rollback()
                raise

    def insert_two(name, fails):
        async def work(conn):
            await conn.execute(INSERT, (f"{name} 1",))
            await asyncio.sleep(0.06)
            await conn.execute(INSERT, (f"{name} 2",))
            if fails:
                raise RuntimeError("on purpose")

        return work

    undone = asyncio.create_task(settle(transaction(insert_two("undone", True))))
    await asyncio.sleep(0.02)
    kept = asyncio.create_task(settle(transaction(insert_two("kept", False))))
    single = asyncio.create_task(settle(db.run(INSERT, ("single",))))
    first, second, third = await asyncio.gather(undone, kept, single)
    if first != "on purpose":
        remarks.append(f"roll-back: {first}")
    if second is not None:
        remarks.append(f"second transaction: {second}")
    if third is not None:
        remarks.append(f"single write: {third}")

    async def fail(conn):
        await conn.execute(INSERT, ("failed",))
        await conn.execute(INSERT, ("failed",))

    if await settle(transaction(fail)) is None:
        remarks.append("a failed statement was not reported")
    after = await settle(db.run(INSERT, ("after",)))
    if after is not None:
        remarks.append(f"write after a failure: {after}")

    longest = 0.0
    last = time.perf_counter()

    def tick():
        nonlocal longest, last
        now = time.perf_counter()
        longest = max(longest, now - last)
        last = now

    async def ticker():
        while True:
            tick()
            await asyncio.sleep(0.002)

    ticking = asyncio.create_task(ticker())
    started = time.perf_counter()
    await settle(db.all(COUNT, (NUMBERS,)))
    statement = time.perf_counter() - started
    tick()
    ticking.cancel()
    await db.close()

    raw = sqlite3.connect(assignment["path"])
    stored = {name for (name,) in raw.execute("SELECT name FROM checks")}
    raw.close()
    acknowledged = (
        (["kept 1", "kept 2"] if second is None else [])
        + (["single"] if third is None else [])
        + (["after"] if after is None else [])
    )
    answer(
        answer="verdict",
        verdict={
            "losesWrites": any(name not in stored for name in acknowledged),
            "mixesTransactions": "undone 1" in stored
            or "undone 2" in stored
            or ("kept 1" in stored) != ("kept 2" in stored),
            "keepsFailed": "failed" in stored,
            "remarks": remarks,
            "stoppedMs": longest * 1_000,
            "statementMs": statement * 1_000,
        },
    )


async def measure(assignment):
    db = Database(assignment)
    scenarios = Scenarios(db, assignment["rows"])
    await db.get(USER, (1,))
    writes = assignment["scenario"] in ("mixed", "durable-writes")
    answer(answer="ready", leastCalls=100 if writes else 1)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if order["order"] == "end":
            break
        started = time.perf_counter()
        before = time.process_time()
        try:
            detail = await scenarios.run(assignment["scenario"], order["variant"], order["calls"])
            calls = detail.pop("calls", order["calls"])
            ms = (time.perf_counter() - started) * 1_000
            cpu_ms = (time.process_time() - before) * 1_000
            answer(answer="done", calls=calls, ms=ms, cpuMs=cpu_ms, detail=detail)
        except NotImplementedError as error:
            answer(answer="absent", reason=str(error))
        except Exception as error:
            answer(answer="failed", reason=str(error) or type(error).__name__)
    await db.close()
    answer(answer="ended")


try:
    import aiosqlite
    from aiosqlitepool import SQLiteConnectionPool
except ImportError as error:
    answer(answer="absent", reason=f"{error.name} is not installed")
else:
    work = json.loads(sys.argv[1])
    asyncio.run(examine(work) if work["task"] == "examine" else measure(work))
