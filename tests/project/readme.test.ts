import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";

import {
  type CodeBlock,
  documents,
  extractCodeBlocks,
  readCodeBlocks,
} from "../helpers/markdown.ts";
import { repositoryRoot, runScript, runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const blocks = documents(repositoryRoot)
  .filter((document) => existsSync(join(repositoryRoot, document)))
  .flatMap((document) => readCodeBlocks(repositoryRoot, document))
  .filter(({ language }) => language === "ts" || language === "js");

test("README.md has examples", () => {
  assert.ok(existsSync(join(repositoryRoot, "README.md")), "there is no README.md");
  assert.ok(
    blocks.some(({ document }) => document === "README.md"),
    "README.md has no ts or js block",
  );
});

for (const block of blocks) {
  const skip = skipFor(title(block), reasonToSkip(block) || undefined);
  test(title(block), skip, async (t) => {
    const script = writeScript(t, block);
    const { code, stdout, stderr } = await runScript(script, [], {}, temporaryDirectory(t));
    assert.equal(code, 0, `exit code ${code}\n${stderr}${stdout}`);
    for (const text of block.expected) {
      assert.ok(stdout.includes(text), `"${text}" is not in the output:\n${stdout}`);
    }
  });
}

/** In the repository, where the package can be imported by its own name. */
function writeScript(t: TestContext, { document, line, language, code }: CodeBlock): string {
  mkdirSync(join(repositoryRoot, ".readme-blocks"), { recursive: true });
  const directory = mkdtempSync(join(repositoryRoot, ".readme-blocks", `${runtimeName()}-`));
  t.after(() => rmSync(directory, { recursive: true }));
  const script = join(directory, `${document.replace("/", "-")}-${line}.${language}`);
  writeFileSync(script, code);
  return relative(repositoryRoot, script);
}

function title({ document, line, runtimes, typeCheckOnly }: CodeBlock): string {
  // In the name, since only Node's reports tell why a test was skipped.
  const limits = [
    ...(runtimes.length > 0 ? [`only on ${runtimes.join(", ")}`] : []),
    ...(typeCheckOnly !== undefined ? [`not run: ${typeCheckOnly}`] : []),
  ];
  return `${document}:${line}${limits.length > 0 ? ` (${limits.join("; ")})` : ""}`;
}

function reasonToSkip({ code, runtimes, typeCheckOnly }: CodeBlock): string | false {
  if (typeCheckOnly !== undefined) return `type-checked only: ${typeCheckOnly}`;
  if (runtimes.length > 0 && !runtimes.includes(runtimeName())) {
    return `only on ${runtimes.join(", ")}`;
  }
  if (/\bawait using\b/.test(code) && !parsesAwaitUsing()) {
    return "Node 22 cannot parse `await using`";
  }
  return false;
}

function parsesAwaitUsing(): boolean {
  return runtimeName() !== "node" || Number.parseInt(process.versions.node) >= 24;
}

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
