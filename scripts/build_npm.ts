// npm run build:npm: builds the npm package and packs it.
//
//   npm run build:npm                    into npm/tsc, without the network
//   npm run build:npm -- --with dnt      into npm/dnt, as for releases; needs JSR

import { relative } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { buildPackage, compilerNamed } from "./lib/npm/build.ts";

const { values: options } = parseArgs({ options: { with: { type: "string", default: "tsc" } } });
const compiler = compilerNamed(options.with);
const { tarball, packedBytes } = await buildPackage(compiler, `npm/${compiler}`);
console.log(`${relative(process.cwd(), tarball)}: ${(packedBytes / 1024).toFixed(1)} KiB`);
