/** The examples in doc comments run. That their types fit, `deno check --doc` tells. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { codeBlockTest } from "../helpers/code_blocks.ts";
import { documentedFiles, extractExamples, readExamples } from "../helpers/doc_comments.ts";
import { onNewestNode, repositoryRoot } from "../helpers/runtime.ts";

const examples = documentedFiles(repositoryRoot)
  .flatMap((file) => readExamples(repositoryRoot, file));

for (const example of examples) {
  // The same everywhere, and README.md runs everywhere.
  const elsewhere = example.runtimes.length === 0 && !onNewestNode;
  const reason = elsewhere ? "examples of doc comments run on Node 26" : undefined;
  test(...codeBlockTest(example, reason));
}

test("mod.ts and most adapters have examples", () => {
  const files = new Set(examples.map(({ document }) => document));
  assert.ok(files.has("mod.ts"));
  assert.ok([...files].filter((file) => file.startsWith("adapters/")).length >= 7);
  assert.ok(examples.some(({ runtimes }) => runtimes.includes("bun")));
});

test("examples are found where they are", () => {
  const source = [
    "/**",
    " * Adds.",
    " *",
    " * @example",
    " * ```ts",
    " * if (true) {",
    " *   add(1, 2);",
    " * }",
    " * ```",
    " */",
    "export function add() {} // ```ts",
    "/* ```ts",
    "none of ours",
    "``` */",
    "class Inner {",
    "  /**",
    "   * ```ts ignore",
    "   * not this one",
    "   * ```",
    "   * ```ts",
    '   * import "bun:sqlite";',
    "   * ```",
    "   */",
    "}",
  ].join("\n");
  const [add, inner, ...rest] = extractExamples(source, "a.ts");
  assert.deepEqual([add.line, add.code.trim()], [5, "if (true) {\n  add(1, 2);\n}"]);
  assert.deepEqual([inner.line, inner.runtimes, rest], [20, ["bun"], []]);
});
