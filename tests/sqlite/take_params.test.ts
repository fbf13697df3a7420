import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import { bindValues } from "../../src/sqlite/bind.ts";
import { copyBytes, takeParams } from "../../src/sqlite/bind/take_params.ts";
import type { BindParams, BindValue } from "../../mod.ts";

const original = [1, 2, 3, 4];

/** The same four bytes in everything that can hold them, with a view to change them by. */
function holders(): (readonly [name: string, holder: BindValue & object, bytes: Uint8Array])[] {
  const plain = new Uint8Array(original);
  const part = new Uint8Array([9, ...original, 9]).subarray(1, 5);
  const pooled = Buffer.from(original);
  const buffer = new Uint8Array(original).buffer;
  const words = new Uint16Array(new Uint8Array(original).buffer);
  const view = new DataView(new Uint8Array([9, ...original]).buffer, 1);
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  shared.set(original);
  const foreign = runInNewContext(`new Uint8Array([${original}])`) as Uint8Array;
  const foreignBuffer = runInNewContext(`new Uint8Array([${original}]).buffer`) as ArrayBuffer;
  return [
    ["a Uint8Array", plain, plain],
    ["a part of one", part, part],
    ["a Buffer", pooled, pooled],
    ["an ArrayBuffer", buffer, new Uint8Array(buffer)],
    ["a Uint16Array", words, new Uint8Array(words.buffer)],
    ["a DataView", view, new Uint8Array(view.buffer, 1)],
    ["shared memory", shared, shared],
    ["a Uint8Array of another realm", foreign, foreign],
    ["an ArrayBuffer of another realm", foreignBuffer, new Uint8Array(foreignBuffer)],
  ];
}

const copied = [...original] as const;

function assertOwn(value: unknown): void {
  assert.ok(value instanceof Uint8Array);
  assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype);
  assert.ok(value.buffer instanceof ArrayBuffer);
  assert.equal(value.buffer.byteLength, value.byteLength, "the copy has memory of its own");
}

for (const [name, holder, bytes] of holders()) {
  test(`bytes that are changed after the call are stored as they were: ${name}`, () => {
    const byPosition = takeParams([holder]) as BindValue[];
    const byName = takeParams({ id: holder }) as Record<string, BindValue>;
    bytes.fill(0);
    for (const value of [byPosition[0], byName.id]) {
      assertOwn(value);
      assert.deepEqual([...value as Uint8Array], copied);
    }
  });
}

test("bytes are copied once", () => {
  for (const [name, holder] of holders()) {
    const first = copyBytes(holder)!;
    assert.notEqual(first, holder, name);
    assert.equal(copyBytes(first), first, name);
    const [again] = takeParams([first]) as BindValue[];
    assert.equal(again, first, name);
    assert.equal(bindValues([first], ["?"])[0], first, name);
  }
});

test("empty bytes stay a blob, with memory of their own each time", () => {
  const [first, second] = takeParams([new Uint8Array(0), new ArrayBuffer(0)]) as Uint8Array[];
  assert.deepEqual([first.byteLength, second.byteLength], [0, 0]);
  assert.notEqual(first.buffer, second.buffer);
  assert.ok(first.buffer.byteLength > 0, "Node 22 binds NULL without memory");
});

test("arrays and objects that are changed after the call are bound as they were", () => {
  const array: BindValue[] = [1, "a", null];
  const named: Record<string, BindValue> = { a: 1, b: "b" };
  const taken = takeParams(array);
  const takenNamed = takeParams(named);
  array[0] = 2;
  array.push(4);
  named.a = 2;
  delete named.b;
  assert.deepEqual(taken, [1, "a", null]);
  assert.deepEqual(takenNamed, { a: 1, b: "b" });
});

test("a getter among named parameters is asked once", () => {
  let asked = 0;
  const params = {
    get a() {
      return ++asked;
    },
  };
  const taken = takeParams(params);
  assert.deepEqual(bindValues(taken, [":a"]), [1]);
  assert.deepEqual(bindValues(taken, [":a"]), [1]);
});

test("a parameter may be named __proto__", () => {
  const params = JSON.parse('{"__proto__": 1}') as BindParams;
  assert.deepEqual(bindValues(takeParams(params), [":__proto__"]), [1]);
});

test("what cannot be bound is left for the binding to refuse", () => {
  const detached = new ArrayBuffer(8);
  structuredClone(detached, { transfer: [detached] });
  for (const bad of [new Date(0), [1], new Map(), () => 1, undefined, detached]) {
    const taken = takeParams([bad as never]) as unknown[];
    assert.equal(taken[0], bad);
    assert.throws(() => bindValues(taken as never, ["?"]), TypeError);
  }
  for (const bad of [null, 5, "text", new Date(0), new Map(), new Uint8Array(1)]) {
    assert.equal(takeParams(bad as never), bad);
  }
  assert.equal(takeParams(undefined), undefined);
});
