// Whether two builds of the package are the same to those who use it: dnt and tsc come with
// different versions of the compiler, which may print the same thing in different ways.

import { parse } from "@babel/parser";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { run } from "../process.ts";

/** Returns the differences of two tarballs, one per line; none if they are the same package. */
export async function compareTarballs(left: string, right: string): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "sqlitepool-compare-"));
  try {
    return comparePackages(
      readPackage(await extract(left, mkdtempSync(join(directory, "left-")))),
      readPackage(await extract(right, mkdtempSync(join(directory, "right-")))),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The texts of a package's files by path. */
export type PackageFiles = ReadonlyMap<string, string>;

export function comparePackages(left: PackageFiles, right: PackageFiles): string[] {
  return [...new Set([...left.keys(), ...right.keys()])].sort().flatMap((path) => {
    const texts = [left.get(path), right.get(path)];
    if (texts[0] === undefined) return [`${path} is in the second one only`];
    if (texts[1] === undefined) return [`${path} is in the first one only`];
    const [one, other] = texts.map((text) => essenceOf(path, text!));
    return isDeepStrictEqual(one, other) ? [] : [`${path} differs`];
  });
}

/** What of a file must be the same: not its layout, of a program only what it exports, of a map only its sources. */
function essenceOf(path: string, text: string): unknown {
  if (path.endsWith(".json")) return JSON.parse(text);
  if (path.endsWith(".d.ts")) return declarationsOf(text);
  if (path.endsWith(".js")) return exportsOf(text);
  if (path.endsWith(".map")) return JSON.parse(text).sources;
  return text;
}

function declarationsOf(text: string): unknown {
  const plugins: ["typescript", { dts: boolean }][] = [["typescript", { dts: true }]];
  const { program } = parse(text, { sourceType: "module", plugins, attachComment: false });
  return withoutPositions(program.body);
}

const layout = new Set(["start", "end", "loc", "extra", "range"]);

function withoutPositions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPositions);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !layout.has(key));
  return Object.fromEntries(entries.map(([key, part]) => [key, withoutPositions(part)]));
}

/** Returns the names that a module exports. The bundler names shared modules the same for both. */
function exportsOf(text: string): string[] {
  const { program } = parse(text, { sourceType: "module" });
  return program.body.flatMap((statement) =>
    statement.type === "ExportNamedDeclaration"
      ? statement.specifiers.map(({ exported }) =>
        exported.type === "Identifier" ? exported.name : exported.value
      )
      : []
  ).sort();
}

async function extract(tarball: string, directory: string): Promise<string> {
  const { problem, output } = await run("tar", ["-xzf", tarball, "-C", directory]);
  if (problem !== undefined) throw new Error(`tar, ${tarball}: ${problem}\n${output}`);
  return join(directory, "package");
}

function readPackage(directory: string): PackageFiles {
  const entries = readdirSync(directory, {
    recursive: true,
    encoding: "utf8",
    withFileTypes: true,
  });
  return new Map(
    entries.filter((entry) => entry.isFile()).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(directory, path).replaceAll("\\", "/"), readFileSync(path, "utf8")];
    }),
  );
}
