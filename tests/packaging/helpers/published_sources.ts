/** The files that go to JSR: those that deno.json lists for publishing. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";

import { repositoryRoot } from "../../helpers/runtime.ts";

export function publishedSources(): string[] {
  const { publish } = JSON.parse(readFileSync(join(repositoryRoot, "deno.json"), "utf8"));
  return (publish.include as string[])
    .filter((path) => existsSync(join(repositoryRoot, path)))
    .flatMap(filesIn);
}

function filesIn(path: string): string[] {
  const absolute = join(repositoryRoot, path);
  if (!statSync(absolute).isDirectory()) return [path];
  return readdirSync(absolute, { recursive: true, encoding: "utf8" })
    .map((name) => posix.join(path, name.replaceAll("\\", "/")))
    .filter((name) => statSync(join(repositoryRoot, name)).isFile());
}
