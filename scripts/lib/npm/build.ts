// The npm package, as a directory and as the tarball that is published.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { run } from "../process.ts";
import { bundle } from "./bundle.ts";
import { copyDeclarations } from "./declarations.ts";
import { copyDocuments } from "./documents.ts";
import { emitWithDnt } from "./emit_dnt.ts";
import { emitWithTsc } from "./emit_tsc.ts";
import { publishedManifest, type SourceManifest, withoutDot } from "./manifest.ts";
import { copySources } from "./sources.ts";

/** Makes JavaScript and declarations of the graph of the entry points. */
type Emit = (directory: string, entries: readonly string[]) => Promise<void>;

export type Compiler = "tsc" | "dnt";

const compilers: Readonly<Record<Compiler, Emit>> = { tsc: emitWithTsc, dnt: emitWithDnt };

export function compilerNamed(name: string): Compiler {
  if (Object.hasOwn(compilers, name)) return name as Compiler;
  throw new Error(`Unknown compiler "${name}": it is ${Object.keys(compilers).join(" or ")}.`);
}

export interface BuiltPackage {
  readonly directory: string;
  readonly tarball: string;
  readonly packedBytes: number;
}

/**
 * Builds the package into `target`/package and packs it beside that. The sources are those of the
 * working directory.
 */
export async function buildPackage(compiler: Compiler, target: string): Promise<BuiltPackage> {
  const manifest = readManifest();
  const entryPoints = Object.values(manifest.exports).map(withoutDot);
  const scripts = (manifest.sideEffects || []).map(withoutDot);
  const directory = resolve(target, "package");
  const emitted = mkdtempSync(join(tmpdir(), "sqlitepool-emit-"));
  try {
    rmSync(target, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    await compilers[compiler](emitted, entryPoints);
    await bundle(manifest.exports, scripts, emitted, directory);
    copyDeclarations(entryPoints, emitted, directory);
    copySources(entryPoints, directory);
    copyDocuments(manifest, directory);
  } finally {
    rmSync(emitted, { recursive: true });
  }
  writeFileSync(
    join(directory, "package.json"),
    `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`,
  );
  return await pack(directory, resolve(target));
}

export function readManifest(): SourceManifest {
  return JSON.parse(readFileSync("package.json", "utf8"));
}

async function pack(directory: string, target: string): Promise<BuiltPackage> {
  const args = ["pack", directory, "--pack-destination", target, "--json", "--loglevel=error"];
  const { problem, output } = await run("npm", args);
  if (problem !== undefined) throw new Error(`npm pack: ${problem}\n${output}`);
  const [{ filename, size }] = JSON.parse(output) as { filename: string; size: number }[];
  return { directory, tarball: join(target, filename), packedBytes: size };
}
