/** The check of the types in documents, which `npm run check` runs over all of them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { typeErrors } from "../../scripts/lib/document_types.ts";
import { extractCodeBlocks } from "../helpers/markdown.ts";

const GOOD = [
  'import { SQLiteConnectionPool } from "@sqlitepool/pool";',
  "const pool = new SQLiteConnectionPool(() => ({}));",
  'const [first] = await pool.values("SELECT 1");',
];

/** Each is fine with `strict` alone. */
const MISTAKES: Readonly<Record<string, string>> = {
  "exactOptionalPropertyTypes.md": "const o: { a?: number } = { a: undefined };",
  "noUncheckedIndexedAccess.md": "first.length;",
};

const documentWith = (...lines: string[]): string => ["```ts", ...GOOD, ...lines, "```"].join("\n");

test("examples are checked with the defaults of a new project, by TypeScript 5 and 7", async () => {
  const blocks = Object.entries(MISTAKES).flatMap(([document, mistake]) => [
    ...extractCodeBlocks(documentWith(), `good-${document}`),
    ...extractCodeBlocks(documentWith(mistake), document),
  ]);
  const reports = await typeErrors(blocks);
  assert.deepEqual(reports.map((report) => report.split(":")[0]), ["typescript5", "typescript"]);
  for (const report of reports) {
    const found = [...report.matchAll(/^(\S+)-1\.ts\((\d+),/gm)];
    const expected = Object.keys(MISTAKES).map((document) => `${document}:5`);
    assert.deepEqual(found.map(([, document, line]) => `${document}:${line}`).sort(), expected);
  }
});
