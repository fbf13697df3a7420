// npm run compare:npm -- one.tgz other.tgz: fails unless both hold the same package: the same
// files, package.json, types, and exports of every module.

import process from "node:process";

import { compareTarballs } from "./lib/npm/compare.ts";

const [left, right, ...rest] = process.argv.slice(2);
if (right === undefined || rest.length > 0) {
  throw new Error("Two tarballs are needed: npm run compare:npm -- one.tgz other.tgz");
}

const differences = await compareTarballs(left, right);
differences.forEach((difference) => console.error(difference));
if (differences.length === 0) console.log("Both tarballs hold the same package.");
process.exitCode = differences.length === 0 ? 0 : 1;
