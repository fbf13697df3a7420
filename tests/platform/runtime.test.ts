import assert from "node:assert/strict";
import process from "node:process";
import { test, type TestContext } from "node:test";

import { skipFor } from "../helpers/skip_reasons.ts";
import { builtinModule } from "../../src/platform/builtins.ts";
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

type Run = (t: TestContext) => void;

/** A test that cannot run where the globals cannot be changed. */
function skippable(title: string, run: Run): [string, { skip: string | false }, Run] {
  return [title, skipFor(title, reason), run];
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
  test(...skippable(title, (t) => {
    pretend(t, globals);
    assert.equal(detectRuntime(), name);
  }));
}

for (const version of ["20.19.0", "22.17.1"]) {
  test(...skippable(`Node ${version} is told which version node:sqlite takes`, (t) => {
    const getBuiltinModule = (): unknown => ({ DatabaseSync: class {} });
    pretend(t, { process: { versions: { node: version }, getBuiltinModule } });
    assert.throws(() => builtinModule("node:sqlite"), {
      name: "TypeError",
      message: `node:sqlite needs Node 22.18 or later; this is Node ${version}. Update Node, or ` +
        "pass another driver to openDatabase.",
    });
  }));
}

for (const version of ["22.18.0", "24.0.0"]) {
  test(...skippable(`Node ${version} is not too old for node:sqlite`, (t) => {
    const sqlite = { DatabaseSync: class {} };
    const modules: Record<string, unknown> = { "node:sqlite": sqlite };
    const getBuiltinModule = (name: string): unknown => modules[name];
    pretend(t, { process: { versions: { node: version }, getBuiltinModule } });
    assert.equal(builtinModule("node:sqlite"), sqlite);
    assert.throws(() => builtinModule("bun:sqlite"), /^TypeError: This runtime \(node\) has no/);
  }));
}
