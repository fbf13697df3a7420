// The public API as text: a line for each symbol and each of its members, with its signature.
// It is read from the declarations that TypeScript emits, which need no rendering.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";

import { parse } from "@babel/parser";

import type { EntryPoint } from "./entry_points.ts";
import { run } from "./process.ts";
import { scriptRuntime } from "./runtimes.ts";

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly statements: readonly SyntaxNode[];
}

/** The origin of a name: a declaration in this file, or a name in another file. */
type Origin =
  | { readonly kind: "declared"; readonly declarations: readonly SyntaxNode[] }
  | { readonly kind: "imported"; readonly from: string; readonly name: string };

/** The report of the working tree. */
export async function writeApiReport(entries: readonly EntryPoint[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "sqlitepool-api-"));
  try {
    const tsc = ["node_modules/typescript/bin/tsc", "--noEmit", "false", "--emitDeclarationOnly"];
    const flags = ["--removeComments", "--stripInternal", "--rootDir", ".", "--outDir", directory];
    const { problem, output } = await run(scriptRuntime.binary, [...tsc, ...flags]);
    if (problem !== undefined) throw new Error(`tsc failed: ${problem}\n${output}`);
    return renderReport(
      entries,
      (path) => readFileSync(join(directory, path.replace(/\.ts$/, ".d.ts")), "utf8"),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The report of the declarations that `read` returns for the paths of their sources. */
export function renderReport(
  entries: readonly EntryPoint[],
  read: (path: string) => string,
): string {
  const sections = entries.map(({ name, path }) => {
    const entry = parseSource(path, read(path));
    const symbols = exportedNames(entry).sort().flatMap((symbol) => renderSymbol(entry, symbol));
    return [`# ${name}`, "", ...symbols].join("\n");
  });
  return `${sections.join("\n\n")}\n`;

  function renderSymbol(source: Source, symbol: string): string[] {
    const origin = originOf(source, symbol);
    if (origin.kind === "declared") {
      return origin.declarations.flatMap((node) => renderDeclaration(source, node));
    }
    const path = posix.join(posix.dirname(source.path), origin.from);
    const lines = renderSymbol(parseSource(path, read(path)), origin.name);
    if (origin.name === symbol) return lines;
    return [`${lines[0]} as ${symbol}`, ...lines.slice(1)];
  }
}

/** Returns the lines that only one of two reports has, each with its symbol. */
export function compareReports(
  before: string,
  after: string,
): { readonly gone: string[]; readonly added: string[] } {
  const [old, now] = [qualifiedLines(before), qualifiedLines(after)];
  const only = (some: readonly string[], others: readonly string[]) => {
    const known = new Set(others);
    return some.filter((line) => !known.has(line));
  };
  return { gone: only(old, now), added: only(now, old) };
}

function qualifiedLines(report: string): string[] {
  let [entry, symbol] = ["", ""];
  const lines: string[] = [];
  for (const line of report.split(/\r?\n/)) {
    if (line.startsWith("# ")) [entry, symbol] = [line.slice(2), ""];
    else if (line.startsWith("  ")) lines.push(`${entry}: ${symbol}: ${line.trim()}`);
    else if (line !== "") {
      symbol = line;
      lines.push(`${entry}: ${line}`);
    }
  }
  return lines;
}

function parseSource(path: string, text: string): Source {
  const { program } = parse(text, {
    sourceType: "module",
    plugins: [["typescript", { dts: true }]],
  });
  return { path, text, statements: program.body as unknown as SyntaxNode[] };
}

function exportedNames({ path, statements }: Source): string[] {
  const names = statements.flatMap((node) => {
    if (node.type === "ExportAllDeclaration" || node.type === "ExportDefaultDeclaration") {
      throw new Error(`${path}: name what is exported, so that the report can name it too.`);
    }
    return node.type === "ExportNamedDeclaration" ? namesOf(node) : [];
  });
  return [...new Set(names)];
}

function namesOf({ declaration, specifiers }: SyntaxNode): string[] {
  if (declaration) return [declaredName(declaration as SyntaxNode)];
  return (specifiers as { exported: { name: string } }[]).map(({ exported }) => exported.name);
}

function originOf(source: Source, symbol: string): Origin {
  const declarations: SyntaxNode[] = [];
  for (const node of source.statements) {
    const declaration = (node.declaration ?? node) as SyntaxNode;
    if (declaredName(declaration) === symbol) declarations.push(declaration);
    const from = (node.source as { value: string } | null | undefined)?.value;
    for (const specifier of (node.specifiers ?? []) as Record<string, { name: string }>[]) {
      const { exported, imported, local } = specifier;
      if ((exported ?? local).name !== symbol) continue;
      // `export { name as symbol }` of something that is declared or imported above.
      if (from === undefined) {
        if (local.name !== symbol) return originOf(source, local.name);
        continue;
      }
      return { kind: "imported", from, name: exported ? local.name : imported.name };
    }
  }
  if (declarations.length > 0) return { kind: "declared", declarations };
  throw new Error(`${source.path} exports ${symbol}, but does not say what it is.`);
}

function declaredName({ id, declarations }: SyntaxNode): string {
  const [variable] = (declarations ?? []) as SyntaxNode[];
  return ((variable?.id ?? id) as { name?: string } | undefined)?.name ?? "";
}

function renderDeclaration({ text }: Source, node: SyntaxNode): string[] {
  const slice = (start: number, end: number) =>
    text.slice(start, end).replaceAll(/\s+/g, " ").replace(/;? ?$/, "");
  const head = (end: number) => slice(node.start, end).replace(/^declare /, "");
  const body = node.body as (SyntaxNode & { readonly body: readonly SyntaxNode[] }) | undefined;
  if (body === undefined) return [head(node.end)];
  const members = body.body
    .filter(({ type, accessibility }) => !/Private/.test(type) && accessibility !== "private");
  return [head(body.start), ...members.map(({ start, end }) => `  ${slice(start, end)}`)];
}
