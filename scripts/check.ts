// npm run check: the static checks of npm test alone.

import process from "node:process";

import { runCheck, staticChecks } from "./lib/checks.ts";
import { lanes, mapLimited } from "./lib/concurrency.ts";
import { printCheck } from "./lib/report.ts";

const results = await mapLimited(lanes, staticChecks, runCheck);
results.forEach(printCheck);
process.exitCode = results.every(({ problem }) => problem === undefined) ? 0 : 1;
