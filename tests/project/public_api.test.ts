/** The checks of the public API notice what they are there for. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { compareReports, renderReport } from "../../scripts/lib/api_report.ts";
import { measureCoverage, readDocNodes } from "../../scripts/lib/doc_coverage.ts";
import { entryPoints } from "../../scripts/lib/entry_points.ts";
import { repositoryRoot, temporaryDirectory } from "../helpers/runtime.ts";

const declarations: Readonly<Record<string, string>> = {
  "mod.ts": `
    import { type Hidden } from "./src/b.ts";
    export { open, type Options as OpenOptions } from "./src/a.ts";
    export type { Hidden };
    export declare const answer: 42;`,
  "src/a.ts": `
    export interface Options<R = string> extends Base {
        readonly size?: number;
        make?(
            value: R,
        ): void;
    }
    interface Base { }
    export declare function open(path: string): void;
    export declare function open(path: string, options: Options): Promise<void>;`,
  "src/b.ts": `
    export declare class Hidden<T> extends Map<string, T> {
        #private;
        private secret;
        constructor(value: T);
        get size(): number;
        [Symbol.dispose](): void;
    }`,
};

const report = (files = declarations) =>
  renderReport([{ name: "ours", path: "mod.ts" }], (path) => files[path]);

test("the report has a line for each symbol and each member", () => {
  assert.equal(
    report(),
    `# ours

class Hidden<T> extends Map<string, T>
  constructor(value: T)
  get size(): number
  [Symbol.dispose](): void
interface Options<R = string> extends Base as OpenOptions
  readonly size?: number
  make?( value: R, ): void
const answer: 42
function open(path: string): void
function open(path: string, options: Options): Promise<void>
`,
  );
});

test("a changed signature, a lost symbol and a new one are told with their places", () => {
  const changed = {
    ...declarations,
    "mod.ts": declarations["mod.ts"].replace("answer: 42", "question: string"),
    "src/b.ts": declarations["src/b.ts"].replace("get size(): number", "get size(): bigint"),
  };
  assert.deepEqual(compareReports(report(), report(changed)), {
    gone: [
      "ours: class Hidden<T> extends Map<string, T>: get size(): number",
      "ours: const answer: 42",
    ],
    added: [
      "ours: class Hidden<T> extends Map<string, T>: get size(): bigint",
      "ours: const question: string",
    ],
  });
  assert.deepEqual(compareReports(report(), report()), { gone: [], added: [] });
});

test("what the report cannot name is an error", () => {
  const star = { ...declarations, "mod.ts": 'export * from "./src/a.ts";' };
  assert.throws(() => report(star), /mod\.ts: name what is exported/);
  const nothing = { ...declarations, "mod.ts": 'export { nothing } from "./src/a.ts";' };
  assert.throws(() => report(nothing), /src\/a\.ts exports nothing, but does not say what it is/);
});

test("docs/api.txt has every entry point", () => {
  const text = readFileSync(join(repositoryRoot, "docs/api.txt"), "utf8");
  const sections = text.split(/\r?\n/).filter((line) => line.startsWith("# "));
  assert.deepEqual(sections, entryPoints.map(({ name }) => `# ${name}`));
});

test("symbols and members without documentation are found", async (t) => {
  const path = join(temporaryDirectory(t), "planted.ts");
  writeFileSync(
    path,
    `/** Has no example. @module */

/** Documented. */
export class Planted {
  /** Documented. */
  documented = 1;
  bare = 2;
  #hidden = 3;
  private secret = 4;
  /** For everybody. */
  constructor(one: number);
  constructor(one: number, two: number);
  constructor(one: number, _two?: number) { this.bare = one; }
  method(): void {}
}

export interface Shape {
  /** Documented. */
  (): void;
  /** @returns something. */
  area(): number;
}

export const value: number = 1;
`,
  );
  const { documented, total, undocumented, modulesWithoutExample } = measureCoverage(
    await readDocNodes([path]),
  );
  assert.deepEqual(undocumented.map((line) => line.replace(/ \(.*:(\d+)\)$/, " $1")), [
    "Planted.constructor 12",
    "Planted.bare 7",
    "Planted.method 14",
    "Shape 17",
    "Shape.area 21",
    "value 24",
  ]);
  assert.deepEqual([documented, total], [4, 10]);
  assert.equal(modulesWithoutExample.length, 1);
});

test("an entry point with an example is one", async (t) => {
  const path = join(temporaryDirectory(t), "planted.ts");
  const example = "@example\n * ```ts\n * f();\n * ```";
  writeFileSync(
    path,
    `/**\n * Documented.\n *\n * ${example}\n *\n * @module\n */\n\nexport {};\n`,
  );
  const { modulesWithoutExample } = measureCoverage(await readDocNodes([path]));
  assert.deepEqual(modulesWithoutExample, []);
});
