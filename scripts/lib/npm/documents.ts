// The documents in the package.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

import { DOCUMENTS, type SourceManifest } from "./manifest.ts";

/**
 * Documents for contributors, or read once when choosing a package: more than half of the size of
 * all documents. Links to them lead to the repository.
 */
const STAYS_IN_THE_REPOSITORY: readonly string[] = [
  ...["api.txt", "decisions.md", "coming-from.md", "drivers.md"],
  ...["migrating-from-aiosqlitepool.md", "places.md", "recipes.md"],
  // Of tools that most who install the package do not have.
  ...["frameworks.md", "kysely.md", "drizzle.md", "prisma.md", "libsql-client.md"],
  ...["observability.md", "performance.md"],
];

const AT_THE_ROOT: readonly string[] = ["README.md", "LICENSE", "CHANGELOG.md"];

/** Copies documents. Links to files outside the package lead to the repository, at this version. */
export function copyDocuments(manifest: SourceManifest, packageDirectory: string): void {
  const pages = readdirSync(DOCUMENTS)
    .filter((name) => !STAYS_IN_THE_REPOSITORY.includes(name))
    .map((name) => `${DOCUMENTS}/${name}`);
  const packed = new Set([...AT_THE_ROOT, ...pages]);
  const repository = manifest.repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
  const base = `${repository}/blob/v${manifest.version}/`;
  for (const path of packed) {
    const target = join(packageDirectory, path);
    mkdirSync(dirname(target), { recursive: true });
    const text = readFileSync(path, "utf8");
    writeFileSync(target, path.endsWith(".md") ? withLinks(text, path, packed, base) : text);
  }
}

function withLinks(
  text: string,
  path: string,
  packed: ReadonlySet<string>,
  base: string,
): string {
  return text.replaceAll(/\]\(([^)\s]+)\)/g, (link, address: string) => {
    if (/^(https?:|#)/.test(address)) return link;
    const [file, anchor] = address.split("#");
    const target = posix.join(posix.dirname(path), file);
    if (packed.has(target)) return link;
    return `](${base}${target}${anchor === undefined ? "" : `#${anchor}`})`;
  });
}
