// Type-checks the TypeScript blocks of the documents, those that the tests cannot run included.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { run } from "./lib/process.ts";
import { scriptRuntime } from "./lib/runtimes.ts";
import { documents, readCodeBlocks } from "../tests/helpers/markdown.ts";

const directory = ".readme-blocks/types";
const blocks = documents(".")
  .flatMap((document) => readCodeBlocks(".", document))
  // Those for Deno alone may use its globals, which tsc does not know.
  .filter(({ language, runtimes }) => language === "ts" && runtimes.join() !== "deno");
if (blocks.length === 0) process.exit();

mkdirSync(directory, { recursive: true });
try {
  for (const { document, line, code } of blocks) {
    writeFileSync(join(directory, `${document.replaceAll("/", "-")}-${line}.ts`), code);
  }
  const tsconfig = {
    extends: "../../tsconfig.json",
    compilerOptions: {
      declaration: false,
      isolatedDeclarations: false,
      types: ["node", "bun-types"],
    },
    include: ["*.ts"],
    exclude: [],
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(tsconfig));
  const tsc = "node_modules/typescript/bin/tsc";
  const { problem, output } = await run(scriptRuntime.binary, [tsc, "--project", directory]);
  // Lines are those of the document: each block is preceded by as many empty ones.
  process.stdout.write(output);
  if (problem !== undefined) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
