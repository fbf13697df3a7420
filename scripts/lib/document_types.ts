// Type-checks examples as a new project of a user would: with the defaults of `tsc --init`, by
// TypeScript 5 and 7, against the declarations that are published.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { CodeBlock } from "../../tests/helpers/markdown.ts";
import { readManifest } from "./npm/build.ts";
import { emitWithTsc } from "./npm/emit_tsc.ts";
import { withoutDot } from "./npm/manifest.ts";
import { run } from "./process.ts";
import { scriptRuntime } from "./runtimes.ts";

const COMPILERS = ["typescript5", "typescript"];

/** The type-related options that `tsc --init` writes. */
const DEFAULTS = {
  module: "nodenext",
  target: "esnext",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  noUncheckedSideEffectImports: true,
  moduleDetection: "force",
  skipLibCheck: true,
};

/**
 * Type-checks blocks of TypeScript, each as a separate module.
 *
 * @returns The errors of each compiler; nothing for those without errors.
 */
export async function typeErrors(blocks: readonly CodeBlock[]): Promise<string[]> {
  // In the repository, where the drivers imported by examples are installed.
  mkdirSync(".readme-blocks", { recursive: true });
  const directory = mkdtempSync(join(".readme-blocks", "types-"));
  try {
    for (const { document, line, code } of blocks) {
      // Each block is preceded by empty lines, so that line numbers match the document.
      writeFileSync(join(directory, `${document.replaceAll("/", "-")}-${line}.ts`), code);
    }
    await writeProject(directory);
    const reports = await Promise.all(COMPILERS.map(async (compiler) => {
      const tsc = `node_modules/${compiler}/bin/tsc`;
      const { problem, output } = await run(scriptRuntime.binary, [tsc, "--project", directory]);
      return problem === undefined
        ? []
        : [`${compiler}: ${problem}\n${output.replaceAll(`${directory}/`, "")}`];
    }));
    return reports.flat();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function writeProject(directory: string): Promise<void> {
  const { name, exports } = readManifest();
  const sources = Object.values(exports).map(withoutDot);
  await emitWithTsc(join(directory, "declarations"), sources);
  const paths = Object.entries(exports).map(([subpath, source]) => [
    subpath.replace(".", name),
    [`./declarations/${withoutDot(source).replace(/\.ts$/, ".d.ts")}`],
  ]);
  const compilerOptions = {
    ...DEFAULTS,
    noEmit: true,
    types: ["node", "bun-types"],
    paths: Object.fromEntries(paths),
  };
  const tsconfig = { compilerOptions, include: ["*.ts"] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(tsconfig));
}
