// npm run docs: builds the API site in .api-site/ from the comments in the code.
//
//   npm run docs               builds it; open .api-site/index.html
//   npm run docs -- --check    fails unless nearly all of the API is documented

import process from "node:process";
import { parseArgs } from "node:util";

import { measureCoverage, readDocNodes } from "./lib/doc_coverage.ts";
import { entryPaths } from "./lib/entry_points.ts";
import { run } from "./lib/process.ts";
import { type Runtime, runtimes } from "./lib/runtimes.ts";

const SITE = ".api-site";
const LEAST_PER_CENT = 95;

async function check(): Promise<string[]> {
  const { documented, total, undocumented, modulesWithoutExample } = measureCoverage(
    await readDocNodes(),
  );
  const perCent = 100 * documented / total;
  console.log(`${documented} of ${total} public symbols are documented (${perCent.toFixed(1)} %).`);
  undocumented.forEach((title) => console.log(`  not documented: ${title}`));
  const problems = modulesWithoutExample.map((path) =>
    `The comment at the top of ${path} has no example.`
  );
  // Written as "not more", since an API without symbols yields NaN.
  if (!(perCent > LEAST_PER_CENT)) problems.push(`That must be more than ${LEAST_PER_CENT} %.`);
  return problems;
}

async function build(): Promise<string[]> {
  const { binary } = runtimes.find(({ kind }) => kind === "deno") as Runtime;
  const args = ["doc", "--html", "--name=@sqlitepool/pool", `--output=${SITE}`, ...entryPaths];
  const { problem, output } = await run(binary, args);
  if (problem !== undefined) return [`deno doc failed: ${problem}\n${output}`];
  console.log(`Open ${SITE}/index.html.`);
  return [];
}

const { values: options } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const problems = await (options.check ? check() : build());
problems.forEach((problem) => console.error(problem));
process.exitCode = problems.length === 0 ? 0 : 1;
