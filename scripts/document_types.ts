// Type-checks the TypeScript blocks of all documents, including those that the tests cannot run.

import process from "node:process";

import { documents, readCodeBlocks } from "../tests/helpers/markdown.ts";
import { typeErrors } from "./lib/document_types.ts";

const blocks = documents(".")
  .flatMap((document) => readCodeBlocks(".", document))
  // Blocks for Deno alone may use its globals, which tsc does not know.
  .filter(({ language, runtimes }) => language === "ts" && runtimes.join() !== "deno");

for (const report of await typeErrors(blocks)) {
  console.log(report);
  process.exitCode = 1;
}
