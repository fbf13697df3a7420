import assert from "node:assert/strict";
import { test } from "node:test";

import { RowCursor } from "../../src/driver/sync_cursor.ts";

interface Fixture {
  readonly cursor: RowCursor<number>;
  readonly running: Set<RowCursor<unknown>>;
  /** What happened to the rows. */
  readonly events: string[];
}

function cursorOver(rows: (number | Error)[], openError?: Error): Fixture {
  const events: string[] = [];
  const running = new Set<RowCursor<unknown>>();
  const left = [...rows];
  const cursor = new RowCursor<number>(() => {
    events.push("open");
    if (openError !== undefined) throw openError;
    return {
      next() {
        events.push("next");
        const row = left.shift();
        if (row instanceof Error) throw row;
        return row === undefined ? { done: true, value: undefined } : { done: false, value: row };
      },
      close: () => void events.push("close"),
    };
  }, running);
  return { cursor, running, events };
}

test("rows come one by one, and the statement is freed after the last", async () => {
  const { cursor, running, events } = cursorOver([1, 2]);
  assert.deepEqual(events, []);
  assert.deepEqual(await cursor.next(), { done: false, value: 1 });
  assert.deepEqual([...running], [cursor]);
  assert.deepEqual(await cursor.next(), { done: false, value: 2 });
  assert.deepEqual(await cursor.next(), { done: true, value: undefined });
  assert.deepEqual(await cursor.next(), { done: true, value: undefined });
  assert.deepEqual(events, ["open", "next", "next", "next", "close"]);
  assert.equal(running.size, 0);
});

test("for await ends the cursor when it is left", async () => {
  const { cursor, events } = cursorOver([1, 2, 3]);
  for await (const row of cursor) if (row === 2) break;
  assert.deepEqual(events, ["open", "next", "next", "close"]);
});

test("return() frees the statement before it returns", async () => {
  const { cursor, running, events } = cursorOver([1, 2]);
  await cursor.next();
  const returned = cursor.return();
  assert.deepEqual(events, ["open", "next", "close"]);
  assert.equal(running.size, 0);
  assert.deepEqual(await returned, { done: true, value: undefined });
  assert.deepEqual(await cursor.next(), { done: true, value: undefined });
});

test("throw() frees the statement and rejects", async () => {
  const { cursor, events } = cursorOver([1, 2]);
  await cursor.next();
  const thrown = cursor.throw(new Error("mine"));
  assert.deepEqual(events, ["open", "next", "close"]);
  await assert.rejects(thrown, { message: "mine" });
  assert.deepEqual(await cursor.next(), { done: true, value: undefined });
});

test("a cursor that is returned before its first row never starts", async () => {
  const { cursor, events } = cursorOver([1]);
  await cursor.return();
  assert.deepEqual(await cursor.next(), { done: true, value: undefined });
  assert.deepEqual(events, []);
});

test("a statement that fails is freed, and the cursor has ended", async () => {
  const { cursor, running, events } = cursorOver([1, new Error("broken"), 3]);
  await cursor.next();
  await assert.rejects(cursor.next(), { message: "broken" });
  assert.deepEqual(events, ["open", "next", "next", "close"]);
  assert.equal(running.size, 0);
  assert.deepEqual(await cursor.next(), { done: true, value: undefined });
});

test("a statement that cannot start is reported once", async () => {
  const { cursor, running, events } = cursorOver([], new Error("no table"));
  await assert.rejects(cursor.next(), { message: "no table" });
  assert.deepEqual(await cursor.next(), { done: true, value: undefined });
  assert.deepEqual(events, ["open"]);
  assert.equal(running.size, 0);
});

test("a reader that is cut off learns that there might be more rows", async () => {
  const { cursor, running, events } = cursorOver([1, 2]);
  await cursor.next();
  cursor.cutOff(new Error("rolled back"));
  assert.deepEqual(events, ["open", "next", "close"]);
  assert.equal(running.size, 0);
  await assert.rejects(cursor.next(), { message: "rolled back" });
  assert.deepEqual(await cursor.next(), { done: true, value: undefined });
});

test("a reader that leaves after it was cut off need not hear of it", async () => {
  for (const end of ["return", "throw"] as const) {
    const { cursor } = cursorOver([1, 2]);
    await cursor.next();
    cursor.cutOff(new Error("rolled back"));
    await cursor[end](new Error("mine")).catch(() => {});
    assert.deepEqual(await cursor.next(), { done: true, value: undefined });
  }
});

test("calls that are not awaited take turns", async () => {
  const { cursor } = cursorOver([1, 2]);
  const results = await Promise.all([cursor.next(), cursor.next(), cursor.next()]);
  assert.deepEqual(results.map(({ value }) => value), [1, 2, undefined]);
});

test("a cursor is its own iterator and can be disposed of", async () => {
  const { cursor, events } = cursorOver([1, 2]);
  assert.equal(cursor[Symbol.asyncIterator](), cursor);
  await cursor.next();
  await cursor[Symbol.asyncDispose]();
  assert.deepEqual(events, ["open", "next", "close"]);
});
