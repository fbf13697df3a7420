import assert from "node:assert/strict";
import process from "node:process";
import { test, type TestContext } from "node:test";

import { skipFor } from "../helpers/skip_reasons.ts";
import { detectRuntime, type RuntimeName } from "../../src/platform/runtime.ts";
import { runtimeName } from "../helpers/runtime.ts";

const telling = ["Bun", "Deno", "navigator", "process"];
const locked = telling.find((name) =>
  Object.getOwnPropertyDescriptor(globalThis, name)?.configurable === false
);
const reason = locked === undefined ? undefined : `this runtime lets nobody change ${locked}`;

/** Gives the globals that tell of the runtime other values until the test ends. */
function pretend(t: TestContext, values: Readonly<Record<string, unknown>>): void {
  for (const name of telling) {
    const own = Object.getOwnPropertyDescriptor(globalThis, name);
    t.after(() => {
      if (own === undefined) delete (globalThis as Record<string, unknown>)[name];
      else Object.defineProperty(globalThis, name, own);
    });
    const value = values[name];
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

test("the runtime is the one that runs this", () => {
  assert.equal(detectRuntime(), runtimeName());
  assert.equal(process.versions.bun !== undefined, detectRuntime() === "bun");
});

const node = { versions: { node: "26.0.0" } };
const runtimes: readonly (readonly [RuntimeName, globals: Readonly<Record<string, unknown>>])[] = [
  ["node", { process: node, navigator: { userAgent: "Node.js/26" } }],
  ["bun", { Bun: {}, process: node }],
  ["deno", { Deno: {}, process: node, navigator: { userAgent: "Deno/2.9.6" } }],
  ["workerd", { process: node, navigator: { userAgent: "Cloudflare-Workers" } }],
  ["workerd", { navigator: { userAgent: "Cloudflare-Workers" } }],
  ["other", { navigator: { userAgent: "Mozilla/5.0" } }],
  ["other", { process: {} }],
  ["other", {}],
];

for (const [name, globals] of runtimes) {
  const title = `${name} is told by { ${Object.keys(globals)} }`;
  test(title, skipFor(title, reason), (t) => {
    pretend(t, globals);
    const detected = detectRuntime();
    assert.equal(detected, name);
  });
}
