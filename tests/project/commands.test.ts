/** What the documents tell to type is there: scripts, files and runtimes. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { documents, readCodeBlocks } from "../helpers/markdown.ts";
import { commandProblems, type Surroundings } from "../helpers/commands.ts";
import { repositoryRoot } from "../helpers/runtime.ts";

const json = (path: string) => JSON.parse(readFileSync(join(repositoryRoot, path), "utf8"));

const surroundings: Surroundings = {
  packageName: json("package.json").name,
  scripts: Object.keys(json("package.json").scripts),
  runtimes: json("scripts/runtimes.json").map(({ name }: { name: string }) => name),
  exists: (path) => existsSync(join(repositoryRoot, path)),
};

const blocks = documents(repositoryRoot)
  .flatMap((document) => readCodeBlocks(repositoryRoot, document));

test("every language of a code block is one that is run, checked or only shown", () => {
  // Python is what somebody moves away from, text is a drawing or a message.
  const known = ["ts", "js", "sh", "text", "python"];
  const unknown = blocks.filter(({ language }) => !known.includes(language))
    .map(({ document, line, language }) => `${document}:${line}: "${language}"`);
  assert.deepEqual(unknown, []);
});

test("commands name scripts, files and runtimes that exist", () => {
  const commands = blocks.filter(({ language }) => language === "sh");
  assert.ok(commands.length > 1);
  const problems = commands.flatMap(({ document, code }) =>
    code.split("\n").flatMap((line, index) =>
      commandProblems(line, surroundings).map((problem) => `${document}:${index + 1}: ${problem}`)
    )
  );
  assert.deepEqual(problems, []);
});

test("what does not exist is noticed", () => {
  const problemsOf = (line: string) => commandProblems(line, surroundings);
  assert.deepEqual(problemsOf("npm test -- --runtime bun,node22 tests/pool   # some of it"), []);
  assert.deepEqual(problemsOf("# npm run nothing"), []);
  assert.deepEqual(problemsOf("npm run nothing"), ["there is no script nothing"]);
  assert.deepEqual(problemsOf("npm run"), ["npm run needs the name of a script"]);
  assert.deepEqual(problemsOf("npm test -- --runtime node18"), ["there is no runtime node18"]);
  assert.deepEqual(problemsOf("node scripts/nothing.ts"), ["there is no scripts/nothing.ts"]);
  assert.deepEqual(problemsOf("npm install left-pad"), ["left-pad is not this package"]);
  assert.deepEqual(problemsOf("deno add jsr:@sqlitepool/other"), [
    "jsr:@sqlitepool/other is not this package",
  ]);
  assert.deepEqual(problemsOf("curl https://example.org"), ["curl is no command that is checked"]);
});
