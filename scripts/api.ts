// npm run api: writes docs/api.txt, the public API in text.
//
//   npm run api                   after an intended change
//   node scripts/api.ts --check   fails when the API differs from the file

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";

import { compareReports, writeApiReport } from "./lib/api_report.ts";
import { entryPoints } from "./lib/entry_points.ts";

const REPORT = "docs/api.txt";

const { values: options } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const known = existsSync(REPORT) ? readFileSync(REPORT, "utf8").replaceAll("\r\n", "\n") : "";
const report = await writeApiReport(entryPoints);
const { gone, added } = compareReports(known, report);
gone.forEach((line) => console.log(`- ${line}`));
added.forEach((line) => console.log(`+ ${line}`));

if (!options.check) {
  writeFileSync(REPORT, report);
} else if (report !== known) {
  console.error(
    `The public API is not the one in ${REPORT}. If that is meant, run npm run api, and look at ` +
      "the lines with a minus: whoever relies on one of them needs a new major version, or a " +
      "minor one before 1.0.",
  );
  process.exitCode = 1;
}
