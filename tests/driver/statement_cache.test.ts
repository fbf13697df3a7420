import assert from "node:assert/strict";
import { test } from "node:test";

import { scanStatement } from "../../src/sqlite/scan.ts";
import {
  defaultStatementCacheSize,
  type Prepared,
  StatementCache,
} from "../../src/driver/statement_cache.ts";
import { cursorOver } from "../../src/driver/sync_handle.ts";

interface Fixture {
  readonly cache: StatementCache;
  /** The texts of the statements that were finalized, in order. */
  readonly finalized: string[];
  prepare(sql: string): Prepared;
  /** Prepares and gives statements by these texts. */
  keep(...texts: string[]): void;
}

function cacheOf(limit?: number): Fixture {
  const cache = new StatementCache(limit);
  const finalized: string[] = [];
  const prepare = (sql: string): Prepared => ({
    sql,
    statement: scanStatement(sql)!,
    driver: {
      columns: () => [],
      all: () => [],
      first: () => undefined,
      run: () => ({ changes: 0, lastInsertRowid: 0 }),
      iterate: () => cursorOver([]),
      finalize: () => finalized.push(sql),
    },
    columns: [],
    givesRows: false,
    makesRowid: undefined,
    repeatable: true,
    exact: false,
    generation: cache.generation,
  });
  const keep = (...texts: string[]) => texts.forEach((sql) => cache.give(prepare(sql)));
  return { cache, finalized, prepare, keep };
}

test("a statement that was given is found by its very text", () => {
  const { cache, prepare, finalized } = cacheOf();
  const statement = prepare("a");
  cache.give(statement);
  assert.equal(cache.get("a"), statement);
  assert.equal(cache.get("a"), statement);
  for (const text of ["A", "a ", "", "b"]) assert.equal(cache.get(text), undefined);
  assert.deepEqual(finalized, []);
});

test("never more than the limit are kept, and what goes is finalized", () => {
  const { cache, finalized, keep } = cacheOf(3);
  const texts = Array.from({ length: 100 }, (_, index) => `s${index}`);
  for (const text of texts) {
    keep(text);
    assert.ok(cache.size <= 3);
  }
  assert.equal(cache.size, 3);
  assert.deepEqual(finalized, texts.slice(0, 97));
});

test("without a limit there is the default one", () => {
  const { cache, finalized, keep } = cacheOf();
  keep(...Array.from({ length: defaultStatementCacheSize + 2 }, (_, index) => `s${index}`));
  assert.equal(cache.size, defaultStatementCacheSize);
  assert.deepEqual(finalized, ["s0", "s1"]);
});

/** Uses of a cache of three that holds a, b and c; `d` and more are given; and what goes. */
const uses: readonly (readonly [gets: string, gives: string, gone: string])[] = [
  ["", "d", "a"],
  ["a", "d", "b"],
  ["ab", "d", "c"],
  ["ba", "d", "c"],
  ["c", "d", "a"],
  ["cac", "d", "b"],
  ["aaa", "de", "bc"],
  ["bx", "de", "ac"],
];

for (const [gets, gives, gone] of uses) {
  test(`after uses of [${gets}] the one used longest ago goes: ${gone}`, () => {
    const { cache, finalized, keep } = cacheOf(3);
    keep("a", "b", "c");
    for (const text of gets) cache.get(text);
    keep(...gives);
    assert.deepEqual(finalized.join(""), gone);
    for (const text of gone) assert.equal(cache.get(text), undefined);
  });
}

test("a statement that was taken is not there until it is given back", () => {
  const { cache, prepare, finalized } = cacheOf();
  const statement = prepare("a");
  cache.give(statement);
  assert.equal(cache.take("a"), statement);
  assert.equal(cache.size, 0);
  assert.equal(cache.get("a"), undefined);
  assert.equal(cache.take("a"), undefined);
  cache.give(statement);
  assert.equal(cache.get("a"), statement);
  assert.deepEqual(finalized, []);
});

test("of two statements of one text the first to be given back stays", () => {
  const { cache, prepare, finalized } = cacheOf();
  const [first, second] = [prepare("a"), prepare("a")];
  cache.give(first);
  assert.equal(cache.take("a"), first);
  cache.give(second);
  cache.give(first);
  assert.equal(cache.get("a"), second);
  assert.deepEqual(finalized, ["a"]);
});

test("a statement that is out takes no place and is never evicted", () => {
  const { cache, keep, finalized } = cacheOf(2);
  keep("a", "b");
  const out = cache.take("a")!;
  keep("c");
  assert.deepEqual(finalized, []);
  cache.give(out);
  assert.deepEqual(finalized, ["b"]);
  assert.equal(cache.get("a"), out);
});

test("an evicted or taken statement is forgotten even as the newest one", () => {
  const { cache, keep } = cacheOf(1);
  keep("a");
  assert.ok(cache.get("a"));
  keep("b");
  assert.equal(cache.get("a"), undefined);
  assert.ok(cache.get("b"));
  cache.take("b");
  assert.equal(cache.get("b"), undefined);
});

test("a cache of 0 keeps nothing", () => {
  const { cache, keep, finalized } = cacheOf(0);
  keep("a", "a", "b");
  assert.equal(cache.size, 0);
  assert.equal(cache.get("b"), undefined);
  assert.equal(cache.take("a"), undefined);
  assert.deepEqual(finalized, ["a", "a", "b"]);
});

test("clear finalizes what is kept at once, and what is out when it is given back", () => {
  const { cache, keep, finalized } = cacheOf();
  keep("a", "b", "c");
  const out = cache.take("b")!;
  const { generation } = cache;
  cache.clear();
  assert.deepEqual(finalized, ["a", "c"]);
  assert.equal(cache.size, 0);
  assert.equal(cache.get("c"), undefined);
  assert.ok(cache.generation > generation);
  cache.give(out);
  assert.deepEqual(finalized, ["a", "c", "b"]);
  keep("b");
  assert.equal(cache.size, 1);
});

for (const limit of [-1, 1.5, NaN, Infinity, 2 ** 53, "3", null, {}]) {
  test(`${String(limit)} (${typeof limit}) is no limit`, () => {
    assert.throws(() => new StatementCache(limit as never), {
      name: "RangeError",
      message: /^statementCacheSize must be a whole number of at least 0, got /,
    });
  });
}
