// Emitted modules, some eighty small files, become a few: Node takes about a quarter of a
// millisecond to load a file, whatever is in it.

import { join, resolve } from "node:path";
import { rolldown } from "rolldown";

import { modulePath, MODULES } from "./manifest.ts";

/**
 * Which folders share a file. Entry points are on top of them: adapters and the worker need the
 * first one only.
 */
const chunks: Readonly<Record<string, readonly string[]>> = {
  connections: ["src/pool/", "src/sqlite/", "adapters/", "src/worker/"],
  databases: ["src/database/"],
};

/** What is bundled: paths of sources, from the root of the repository. */
export interface Entries {
  readonly entryPoints: readonly string[];
  /** Those of them that do something when they are imported, which no shared file may do. */
  readonly sideEffects: readonly string[];
}

/**
 * Writes one file for each entry point, and those that they share.
 *
 * All are in one directory, so that a module finds its neighbours in the sources (the worker, say)
 * beside itself in the package too.
 */
export async function bundle(
  { entryPoints, sideEffects }: Entries,
  emitted: string,
  packageDirectory: string,
): Promise<void> {
  const root = resolve(emitted);
  const emittedPath = (source: string) => join(root, source.replace(/\.ts$/, ".js"));
  const input = Object.fromEntries(
    entryPoints.map((entry) => [modulePath(entry), emittedPath(entry)]),
  );
  const active = sideEffects.map(emittedPath);
  const build = await rolldown({
    // The paths of modules end up in comments.
    cwd: root,
    input,
    // Other people's modules stay imports.
    external: /^[^./]/,
    platform: "neutral",
    onLog(level, { message }) {
      if (level === "warn") throw new Error(message);
    },
  });
  try {
    await build.write({
      dir: packageDirectory,
      format: "esm",
      comments: { legal: false, jsdoc: false, annotation: true },
      entryFileNames: "[name]",
      chunkFileNames: `${MODULES}/[name].js`,
      codeSplitting: {
        groups: Object.entries(chunks).map(([name, folders]) => ({
          name,
          test: (id) =>
            folders.some((folder) => id.startsWith(join(root, folder))) && !active.includes(id),
        })),
      },
    });
  } finally {
    await build.close();
  }
}
