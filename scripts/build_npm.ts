// npm run build:npm: builds the npm package into npm/package and packs the tarball beside it.
//
//   npm run build:npm                            with tsc, which needs no network
//   npm run build:npm -- --with dnt              with dnt, as releases are
//   npm run build:npm -- --target npm-dnt        into another directory

import { relative } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { buildPackage, compilerNamed } from "./lib/npm/build.ts";

const { values: options } = parseArgs({
  options: {
    with: { type: "string", default: "tsc" },
    target: { type: "string", default: "npm" },
  },
});

const { tarball, packedBytes } = await buildPackage(compilerNamed(options.with), options.target);
console.log(`${relative(process.cwd(), tarball)}: ${(packedBytes / 1024).toFixed(1)} KiB`);
