import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import { describe } from "../../src/platform/describe.ts";
import { bindValues } from "../../src/sqlite/bind.ts";
import { checkBindValue } from "../../src/sqlite/bind/check_value.ts";

/** Binds with values that TypeScript would refuse, too. */
function bind(params: unknown, parameters: readonly string[], nulText?: "refused"): unknown[] {
  return bindValues(params as never, parameters, nulText && { nulText });
}

/** A text that no message may contain. */
const secret = "hunter2";

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  return assert.fail("nothing was thrown");
}

const bytes = new Uint8Array([0, 1, 2, 3]);

/** Values with what is bound for them. */
const accepted: readonly (readonly [name: string, given: unknown, bound: unknown])[] = [
  ["null", null, null],
  ["text", "a\u{1F600}", "a\u{1F600}"],
  ["empty text", "", ""],
  ["text with NUL", "a\0b", "a\0b"],
  ["a whole number", 1, 1],
  ["a fraction", 1.5, 1.5],
  ["infinity", -Infinity, -Infinity],
  ["negative zero", -0, -0],
  ["the largest integer", 2n ** 63n - 1n, 2n ** 63n - 1n],
  ["the smallest integer", -(2n ** 63n), -(2n ** 63n)],
  ["true", true, 1],
  ["false", false, 0],
  ["bytes", bytes, bytes],
  ["no bytes", new Uint8Array(), new Uint8Array()],
  ["an ArrayBuffer", bytes.buffer, bytes],
  ["an empty ArrayBuffer", new ArrayBuffer(0), new Uint8Array()],
  ["a DataView", new DataView(bytes.buffer, 1, 2), new Uint8Array([1, 2])],
  ["wider numbers", new Uint16Array([513]), new Uint8Array([1, 2])],
  ["a part of a buffer", bytes.subarray(2), new Uint8Array([2, 3])],
  ["a SharedArrayBuffer's view", new Uint8Array(new SharedArrayBuffer(1)), new Uint8Array([0])],
];

for (const [name, given, bound] of accepted) {
  test(`${name} binds`, () => {
    const [value] = bind([given], ["?"]);
    assert.deepEqual(value, bound);
    assert.ok(Object.is(value, bound) || typeof bound === "object");
    checkBindValue(given, "it");
  });
}

class Secret {
  readonly text = secret;
}
const detached = new Uint8Array([1, 2]);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

/** Values that are refused, with the class, what they are called, and what to do. */
const refused: readonly (readonly [given: unknown, name: string, what: string, remedy: RegExp])[] =
  [
    [undefined, "TypeError", "undefined", /pass null/],
    [() => secret, "TypeError", "a function", /call it/],
    [Symbol(secret), "TypeError", "a symbol", /description/],
    [new Date(), "TypeError", "a Date", /toISOString.*getTime/],
    [{ secret }, "TypeError", "an object", /JSON\.stringify/],
    [[secret], "TypeError", "an array", /JSON\.stringify/],
    [new Map([[secret, secret]]), "TypeError", "a Map", /JSON\.stringify/],
    [Object(secret), "TypeError", "a String", /JSON\.stringify/],
    [new Secret(), "TypeError", "a Secret", /JSON\.stringify/],
    [new Error(secret), "TypeError", "an Error", /JSON\.stringify/],
    [Promise.resolve(secret), "TypeError", "a Promise", /JSON\.stringify/],
    [detached, "TypeError", "a detached buffer", /transferred/],
    [detached.buffer, "TypeError", "a detached buffer", /transferred/],
    [NaN, "RangeError", "NaN", /pass null/],
    [2n ** 63n, "RangeError", "a bigint of more than 64 bits", /as text/],
    [-(2n ** 63n) - 1n, "RangeError", "a bigint of more than 64 bits", /as text/],
    [`${secret}\uD83D`, "RangeError", "text with a lone surrogate", /toWellFormed/],
    [`\uDE00${secret}`, "RangeError", "text with a lone surrogate", /toWellFormed/],
  ];

for (const [given, name, what, remedy] of refused) {
  test(`${what} is refused${typeof given === "bigint" && given < 0n ? " (negative)" : ""}`, () => {
    const places: readonly (readonly [unknown, readonly string[], string])[] = [
      [[1, given], ["?", "?"], "parameter 2"],
      [[1, given], ["?1", "?2"], "parameter 2"],
      [[1, given], ["?", ":secret"], "parameter 2 (:secret)"],
      [{ a: given, $b: 1 }, ["@a", "$b"], "parameter 1 (@a)"],
    ];
    for (const [params, parameters, place] of places) {
      const error = thrownBy(() => bind(params, parameters));
      assert.equal(error.name, name);
      assert.ok(error.message.startsWith(`${place} is ${what}`), error.message);
      assert.match(error.message, remedy);
      assert.ok(!error.message.includes(secret), error.message);
    }
    assert.throws(() => checkBindValue(given, "value 3"), { name, message: /^value 3 is / });
  });
}

test("text with NUL is refused where a driver would cut it", () => {
  const error = thrownBy(() => bind(["ok", `${secret}\0`], ["?", "?"], "refused"));
  assert.equal(error.name, "RangeError");
  assert.match(error.message, /^parameter 2 is text with a NUL.*TextEncoder/);
  assert.ok(!error.message.includes(secret));
  assert.deepEqual(bind(["ok"], ["?"], "refused"), ["ok"]);
});

/** Numbers of parameters that are given and taken. */
const counts: readonly (readonly [given: unknown, taken: number, message: string])[] = [
  [undefined, 1, "the statement takes 1 parameter, but none was given"],
  [[], 2, "the statement takes 2 parameters, but none was given"],
  [[secret], 0, "the statement takes 0 parameters, but 1 was given"],
  [[secret], 2, "the statement takes 2 parameters, but 1 was given"],
  [[secret, secret], 1, "the statement takes 1 parameter, but 2 were given"],
];

for (const [given, taken, message] of counts) {
  test(message, () => {
    assert.throws(() => bind(given, new Array(taken).fill("?")), { name: "RangeError", message });
  });
}

test("no parameters are none, however they are given", () => {
  for (const params of [undefined, [], {}, Object.create(null)]) {
    assert.deepEqual(bind(params, []), []);
  }
});

test("the array of the caller is left alone, and holes are no values", () => {
  const params = [true, new Uint16Array(1)];
  const values = bind(params, ["?", "?"]);
  assert.equal(params[0], true);
  assert.notEqual(values, params);
  // deno-lint-ignore no-sparse-arrays
  assert.throws(() => bind([1, , 2], ["?", "?", "?"]), { name: "TypeError", message: /undefined/ });
});

test("names go with or without their prefix, in the statement's order", () => {
  const parameters = [":a", "@b", "$c::d(e)"];
  assert.deepEqual(bind({ b: 2, "$c::d(e)": 3, ":a": 1 }, parameters), [1, 2, 3]);
  assert.deepEqual(bind({ "c::d(e)": 3, "@b": 2, a: 1 }, parameters), [1, 2, 3]);
  assert.deepEqual(bind([1, 2, 3], parameters), [1, 2, 3]);
  // Only the prefix tells these apart.
  assert.deepEqual(bind({ ":a": 1, $a: 2 }, [":a", "$a"]), [1, 2]);
  assert.deepEqual(bind({ a: 1 }, [":a", "@a"]), [1, 1]);
});

/** Names that do not fit a statement with `:a` and `:b`. */
const misnamed: readonly (readonly [given: object, name: string, message: RegExp])[] = [
  [{ a: secret }, "RangeError", /^no value was given for :b$/],
  [{}, "RangeError", /^no value was given for :a, :b$/],
  [{ a: 1, b: 2, c: secret }, "RangeError", /^the statement has no parameter named c$/],
  [{ a: 1, B: secret }, "RangeError", /^no value was given for :b; .* no parameter named B$/],
  [{ a: 1, b: 2, ":a": secret }, "TypeError", /^parameter :a was given twice/],
  [{ a: 1, $b: secret }, "RangeError", /for :b; .* named \$b$/],
  [{ a: 1, b: undefined }, "TypeError", /^parameter 2 \(:b\) is undefined/],
];

for (const [given, name, message] of misnamed) {
  test(`names { ${Object.keys(given)} } for :a and :b`, () => {
    const error = thrownBy(() => bind(given, [":a", ":b"]));
    assert.equal(error.name, name);
    assert.match(error.message, message);
    assert.ok(!error.message.includes(secret));
  });
}

test("a parameter without a name wants an array", () => {
  for (const parameter of ["?", "?2"]) {
    const error = thrownBy(() => bind({ a: 1 }, [":a", parameter]));
    assert.equal(error.name, "TypeError");
    assert.equal(
      error.message,
      `parameter 2 of the statement has no name (${parameter}): pass an array`,
    );
  }
});

/** What is neither an array nor a plain object. */
const noParameters: readonly (readonly [given: unknown, what: string])[] = [
  [null, "null"],
  [secret, "a string"],
  [1, "a number"],
  [() => {}, "a function"],
  [new Date(), "a Date"],
  [new Map(), "a Map"],
  [new Set(), "a Set"],
  [bytes, "a Uint8Array"],
  [new ArrayBuffer(1), "an ArrayBuffer"],
  [new Secret(), "a Secret"],
  [Promise.resolve([]), "a Promise"],
];

for (const [given, what] of noParameters) {
  test(`${what} is no set of parameters`, () => {
    const error = thrownBy(() => bind(given, [":a"]));
    assert.equal(error.name, "TypeError");
    assert.match(error.message, /^parameters must be an array or a plain object/);
    assert.ok(error.message.includes(`not ${what}: pass [value]`), error.message);
  });
}

test("inherited names are no values", () => {
  const inherited = Object.create({ a: 1 });
  assert.throws(() => bind(inherited, [":a"]), { name: "TypeError" });
  assert.throws(() => bind({}, [":toString"]), { message: "no value was given for :toString" });
  assert.throws(() => bind({}, [":__proto__"]), { message: "no value was given for :__proto__" });
  const own = JSON.parse('{ "__proto__": 7, "constructor": 8 }');
  assert.deepEqual(bind(own, [":__proto__", ":constructor"]), [7, 8]);
});

test("a getter is read once and a value checked is the value bound", () => {
  let reads = 0;
  const params = {
    get a() {
      return reads++ === 0 ? 1 : new Date();
    },
  };
  assert.deepEqual(bind(params, [":a", "@a"]), [1, 1]);
  assert.equal(reads, 1);
});

test("objects that lie about what they are are not believed", () => {
  const liars = [
    Object.create(Uint8Array.prototype),
    { [Symbol.toStringTag]: "Uint8Array", byteLength: 4, buffer: bytes.buffer },
    { valueOf: () => 1, toString: () => secret, [Symbol.toPrimitive]: () => 1 },
    { constructor: { name: secret } },
    Object.assign(Object.create(null), { constructor: secret }),
  ];
  for (const liar of liars) {
    const error = thrownBy(() => bind([liar], ["?"]));
    assert.equal(error.name, "TypeError");
    assert.ok(!error.message.includes(secret), error.message);
  }
});

test("objects of another realm are what they are", () => {
  const [array, record, view, buffer, date] = runInNewContext(
    "[[1], { a: 1 }, new Uint8Array([1]), new ArrayBuffer(1), new Date()]",
  );
  assert.deepEqual(bind(array, ["?"]), [1]);
  assert.deepEqual(bind(record, [":a"]), [1]);
  for (const value of bind([view, buffer], ["?", "?"])) {
    assert.ok(ArrayBuffer.isView(value));
    assert.equal(value.byteLength, 1);
  }
  assert.throws(() => bind([date], ["?"]), { message: /^parameter 1 is a Date.*toISOString/ });
});

test("no bytes have memory behind them, without which Node 22 would bind NULL", () => {
  for (const empty of [new Uint8Array(), new ArrayBuffer(0), bytes.subarray(4)]) {
    const [bound] = bind([empty], ["?"]) as [Uint8Array];
    assert.equal(bound.byteLength, 0);
    assert.ok(bound.buffer.byteLength > 0);
  }
});

test("what changes while it is bound is read once", () => {
  let reads = 0;
  const params = new Proxy(["a"], {
    get(target, key) {
      if (key === "0" && reads++ > 0) return new Date();
      return Reflect.get(target, key);
    },
  });
  assert.deepEqual(bind(params, ["?"]), ["a"]);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.throws(() => bind([proxy], ["?"]), { name: "TypeError" });
  assert.throws(() => bind(proxy, [":a"]), { name: "TypeError" });
});

test("describe names types and never calls what it describes", () => {
  const trap = () => assert.fail("called");
  assert.equal(describe({ toString: trap, valueOf: trap, toJSON: trap }), "an object");
  assert.equal(describe(Object.create(null)), "an object");
  assert.equal(describe(class {}), "a function");
  assert.equal(describe(1n), "a bigint");
  assert.equal(describe(null), "null");
});
