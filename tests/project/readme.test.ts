/** The examples of README.md and of every other document are programs that run. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { codeBlockTest } from "../helpers/code_blocks.ts";
import { documents, extractCodeBlocks, readCodeBlocks } from "../helpers/markdown.ts";
import { repositoryRoot } from "../helpers/runtime.ts";

const blocks = documents(repositoryRoot)
  .flatMap((document) => readCodeBlocks(repositoryRoot, document))
  .filter(({ language }) => language === "ts" || language === "js");

test("README.md has examples", () => {
  assert.ok(
    blocks.some(({ document }) => document === "README.md"),
    "README.md has no ts or js block",
  );
});

for (const block of blocks) test(...codeBlockTest(block));

test("blocks are extracted with their markers", () => {
  const markdown = [
    "# Title",
    "",
    "<!-- runtime: node, deno -->",
    "<!-- expect: one -->",
    "",
    "```ts",
    "console.log('one');",
    "```",
    "- a list",
    "",
    "  ```js",
    "  if (true) {",
    "    two();",
    "  }",
    "  ```",
    "<!-- type-check only: needs a server -->",
    "Text between.",
    "",
    "````md",
    "```ts",
    "nested",
    "```",
    "````",
  ].join("\n");
  const [first, second, third, ...rest] = extractCodeBlocks(markdown, "a.md");
  assert.deepEqual(first, {
    document: "a.md",
    line: 6,
    language: "ts",
    code: "\n".repeat(6) + "console.log('one');\n",
    runtimes: ["node", "deno"],
    expected: ["one"],
    typeCheckOnly: undefined,
  });
  assert.equal(second.code.trim(), "if (true) {\n  two();\n}");
  assert.deepEqual([second.line, second.language, second.runtimes], [11, "js", []]);
  assert.deepEqual([third.language, third.typeCheckOnly, rest], ["md", undefined, []]);
  const unclosed = () => extractCodeBlocks("```ts\ncode", "a.md");
  assert.throws(unclosed, /a\.md:1: the code block is never closed/);
  const typo = () => extractCodeBlocks("<!-- runtimes: bun -->\n```ts\n```", "a.md");
  assert.throws(typo, /unknown marker "runtimes"/);
});
