/**
 * The fenced code blocks of a Markdown document. HTML comments above a block say how to run it:
 *
 *     <!-- runtime: node, deno -->          only on these runtimes
 *     <!-- expect: hello -->                its standard output must contain this
 *     <!-- type-check only: needs a key --> not run
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { RuntimeName } from "./runtime.ts";

export interface CodeBlock {
  readonly document: string;
  /** The line of the opening fence, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** Preceded by empty lines, so that errors name the document's own line numbers. */
  readonly code: string;
  /** Empty: all of them. */
  readonly runtimes: readonly RuntimeName[];
  readonly expected: readonly string[];
  /** Why it is not run. */
  readonly typeCheckOnly: string | undefined;
}

interface Markers {
  runtimes: RuntimeName[];
  expected: string[];
  typeCheckOnly: string | undefined;
}

/** The Markdown documents of the repository, README.md first. */
export function documents(root: string): string[] {
  const isHere = (name: string) => name !== "node_modules" && !name.startsWith("npm");
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && isHere(entry.name));
  const nested = [...folders.map(({ name }) => name), ".github"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    );
  // What the benchmark compares with is installed in bench/.
  const isOurs = (path: string) => path.endsWith(".md") && !path.includes("node_modules/");
  const pages = [...readdirSync(root), ...nested].filter(isOurs);
  return ["README.md", ...pages.filter((path) => path !== "README.md").sort()];
}

export function readCodeBlocks(root: string, document: string): CodeBlock[] {
  return extractCodeBlocks(readFileSync(join(root, document), "utf8"), document);
}

export function extractCodeBlocks(markdown: string, document: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split(/\r?\n/);
  let markers = noMarkers();

  for (let index = 0; index < lines.length; index++) {
    const comment = lines[index].match(/^\s*<!--\s*(.*?)\s*-->\s*$/);
    const fence = lines[index].match(/^(\s*)(`{3,}|~{3,})\s*(\w*)/);
    if (comment !== null) {
      readMarker(comment[1], markers, `${document}:${index + 1}`);
    } else if (fence !== null) {
      const [, indentation, ticks, language] = fence;
      const end = lines.findIndex((line, at) => at > index && line.trim().startsWith(ticks));
      if (end < 0) {
        throw new SyntaxError(`${document}:${index + 1}: the code block is never closed`);
      }
      const code = lines.slice(index + 1, end).map((line) => unindent(line, indentation.length));
      blocks.push({
        document,
        line: index + 1,
        language,
        code: "\n".repeat(index + 1) + code.join("\n") + "\n",
        ...markers,
      });
      markers = noMarkers();
      index = end;
    } else if (lines[index].trim() !== "") {
      markers = noMarkers();
    }
  }
  return blocks;
}

function noMarkers(): Markers {
  return { runtimes: [], expected: [], typeCheckOnly: undefined };
}

function readMarker(comment: string, markers: Markers, where: string): void {
  const [, key, value] = comment.match(/^([\w -]+): *(.+)$/) ?? [];
  if (key === undefined) return;
  if (key === "expect") markers.expected.push(value);
  else if (key === "type-check only") markers.typeCheckOnly = value;
  else if (key === "runtime") {
    markers.runtimes = value.split(/, */).map((name) => runtime(name, where));
  } else throw new SyntaxError(`${where}: unknown marker "${key}"`);
}

function runtime(name: string, where: string): RuntimeName {
  if (name === "node" || name === "bun" || name === "deno") return name;
  throw new SyntaxError(`${where}: unknown runtime "${name}"`);
}

function unindent(line: string, width: number): string {
  return line.slice(Math.min(width, line.length - line.trimStart().length));
}
