// Run by Deno where JSR can be reached: dnt_build.ts <directory>

import { readFileSync } from "node:fs";
import process from "node:process";

import { DNT_VERSION, type DntOptions, dntOptions } from "./dnt_options.ts";
import { publishedManifest, type SourceManifest } from "./manifest.ts";

interface Dnt {
  build(options: DntOptions): Promise<void>;
}

// The name is in a variable so that type checks do not resolve it on JSR.
const specifier: string = `jsr:@deno/dnt@${DNT_VERSION}`;
const dnt: Dnt = await import(specifier);
const source: SourceManifest = JSON.parse(readFileSync("package.json", "utf8"));
await dnt.build(dntOptions(publishedManifest(source), source.exports, process.argv[2]));
