import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { MOST_CHARACTERS_OF_A_TEXT, TextCache } from "../../src/sqlite/text_cache.ts";

/** The bound on all texts together, as the cache documents it. */
const mostCharacters = 256 * 1024;

function charactersIn(cache: Iterable<[text: string, value: unknown]>): number {
  return [...cache].reduce((sum, [text]) => sum + text.length, 0);
}

test("a text is found until it is deleted or all are cleared", () => {
  const cache = new TextCache<number>();
  assert.equal(cache.get("a"), undefined);
  assert.equal(cache.set("a", 1), true);
  assert.equal(cache.set("b", 2), true);
  assert.deepEqual([cache.get("a"), cache.get("b"), cache.size], [1, 2, 2]);
  assert.equal(cache.set("a", 3), true);
  assert.deepEqual([cache.get("a"), cache.size], [3, 2]);
  cache.delete("a");
  cache.delete("a");
  assert.deepEqual([cache.get("a"), cache.get("b"), cache.size], [undefined, 2, 1]);
  cache.clear();
  assert.deepEqual([cache.get("b"), cache.size, [...cache]], [undefined, 0, []]);
});

test("the texts used least recently leave first, and their owner is told", () => {
  const forgotten: number[] = [];
  const cache = new TextCache<number>((value) => forgotten.push(value));
  const long = (number: number): string => String(number).padEnd(MOST_CHARACTERS_OF_A_TEXT);
  for (let i = 0; i < 5; i++) cache.set(long(i), i);
  assert.equal(cache.get(long(0)), 0);
  cache.set(long(2), 2);
  for (let i = 5; forgotten.length < 5; i++) cache.set(long(i), i);
  assert.deepEqual(forgotten, [1, 3, 4, 0, 2]);
});

test("a text that is too long is not kept", () => {
  const cache = new TextCache<number>();
  const longest = "x".repeat(MOST_CHARACTERS_OF_A_TEXT);
  assert.equal(cache.set(longest, 1), true);
  assert.equal(cache.set(`${longest}x`, 2), false);
  assert.deepEqual([cache.get(longest), cache.get(`${longest}x`), cache.size], [1, undefined, 1]);
});

test("the texts stay within their bounds, however many come and however short they are", () => {
  const cache = new TextCache<number>();
  for (let i = 0; i < 20_000; i++) cache.set(String(i), i);
  assert.ok(cache.size <= mostCharacters / 100, `${cache.size} texts`);
  for (let i = 0; i < 1_000; i++) cache.set(String(i).padEnd(MOST_CHARACTERS_OF_A_TEXT), i);
  assert.ok(charactersIn(cache) <= mostCharacters, `${charactersIn(cache)} characters`);
  assert.ok(cache.size > 10);
});

test("the order of use is that of a list which is moved through step by step", () => {
  const step = fc.record({
    kind: fc.constantFrom("get", "set", "delete"),
    text: fc.constantFrom("a", "b", "c", "d", "e"),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const cache = new TextCache<number>();
    const model: [string, number][] = [];
    for (const [index, { kind, text }] of steps.entries()) {
      const at = model.findIndex(([other]) => other === text);
      const [found] = at < 0 ? [] : model.splice(at, 1);
      if (kind === "get") {
        assert.equal(cache.get(text), found?.[1]);
        if (found !== undefined) model.push(found);
      } else if (kind === "set") {
        cache.set(text, index);
        model.push([text, index]);
      } else cache.delete(text);
      assert.deepEqual([...cache], model);
    }
  }));
});
