/** The examples in doc comments, as code blocks of the files they are in. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "@babel/parser";

import { type CodeBlock, extractCodeBlocks } from "./markdown.ts";

const FOLDERS: readonly string[] = ["src", "adapters", "integrations"];

/** Files whose comments are public. */
export function documentedFiles(root: string): string[] {
  const folders = readdirSync(root).filter((name) => FOLDERS.includes(name));
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
  );
  return ["mod.ts", ...files.sort()];
}

/** The TypeScript examples of a file, except those marked "ts ignore". */
export function readExamples(root: string, file: string): CodeBlock[] {
  return extractExamples(readFileSync(join(root, file), "utf8"), file);
}

export function extractExamples(source: string, file: string): CodeBlock[] {
  return extractCodeBlocks(commentText(source), file)
    .filter(({ language }) => language === "ts")
    .map((block) => block.code.includes('"bun:sqlite"') ? { ...block, runtimes: ["bun"] } : block);
}

/** The text of doc comments alone, each line in its original place. */
function commentText(source: string): string {
  const { comments } = parse(source, {
    sourceType: "module",
    plugins: ["typescript"],
    errorRecovery: true,
  });
  const lines = source.split(/\r?\n/).map(() => "");
  for (const { type, value, loc } of comments ?? []) {
    if (type !== "CommentBlock" || !value.startsWith("*")) continue;
    value.split(/\r?\n/).forEach((line, index) => {
      const text = line.replace(/^\s*\* ?/, "").replace(/^```ts ignore/, "```ignored");
      lines[loc!.start.line - 1 + index] = text;
    });
  }
  return lines.join("\n");
}
