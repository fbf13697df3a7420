/** Runs code blocks of documents and doc comments, each as a test of its own. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";

import type { CodeBlock } from "./markdown.ts";
import { repositoryRoot, runScript, runtimeName, temporaryDirectory } from "./runtime.ts";
import { skipFor } from "./skip_reasons.ts";

/** What `test` takes; the files call it themselves, as Deno names tests by who does. */
export type CodeBlockTest = readonly [
  name: string,
  options: { readonly skip: string | false },
  run: (t: TestContext) => Promise<void>,
];

/**
 * Makes a test of a block.
 *
 * @param reason Why it is not run here, in addition to its markers.
 */
export function codeBlockTest(block: CodeBlock, reason?: string): CodeBlockTest {
  const skip = skipFor(title(block), reason ?? reasonToSkip(block));
  return [title(block), skip, async (t) => {
    const script = writeScript(t, block);
    const { code, stdout, stderr } = await runScript(script, [], {}, temporaryDirectory(t));
    assert.equal(code, 0, `exit code ${code}\n${stderr}${stdout}`);
    for (const text of block.expected) {
      assert.ok(stdout.includes(text), `"${text}" is not in the output:\n${stdout}`);
    }
  }];
}

/** Writes into the repository, where the package can be imported by its own name. */
function writeScript(t: TestContext, { document, line, language, code }: CodeBlock): string {
  mkdirSync(join(repositoryRoot, ".readme-blocks"), { recursive: true });
  const directory = mkdtempSync(join(repositoryRoot, ".readme-blocks", `${runtimeName()}-`));
  t.after(() => rmSync(directory, { recursive: true }));
  const script = join(directory, `${document.replaceAll("/", "-")}-${line}.${language}`);
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

function reasonToSkip({ code, runtimes, typeCheckOnly }: CodeBlock): string | undefined {
  if (typeCheckOnly !== undefined) return `type-checked only: ${typeCheckOnly}`;
  if (runtimes.length > 0 && !runtimes.includes(runtimeName())) {
    return `only on ${runtimes.join(", ")}`;
  }
  if (/\bawait using\b/.test(code) && !parsesAwaitUsing()) {
    return "Node 22 cannot parse `await using`";
  }
  return undefined;
}

function parsesAwaitUsing(): boolean {
  return runtimeName() !== "node" || Number.parseInt(process.versions.node) >= 24;
}
