// Emitted modules, some eighty small files, become a few: Node takes about a quarter of a
// millisecond to load a file, whatever is in it.

import { join, resolve } from "node:path";
import { rolldown } from "rolldown";

import { modulePath, MODULES } from "./manifest.ts";

/** The layers of the design, a file each. Entry points import what they need of them. */
const layers: readonly (readonly [directory: string, chunk: string])[] = [
  ["src/pool/", "layer_pool"],
  ["src/sqlite/", "layer_sqlite"],
  ["adapters/", "layer_adapters"],
  ["src/database/", "layer_database"],
];

/**
 * Writes one file for each entry point, and one for each layer that they share.
 *
 * All are in one directory, so that a module finds its neighbours in the sources (the worker, say)
 * beside itself in the package too.
 */
export async function bundle(
  entries: readonly string[],
  emitted: string,
  packageDirectory: string,
): Promise<void> {
  const root = resolve(emitted);
  const input = Object.fromEntries(
    entries.map((entry) => [modulePath(entry), join(root, entry.replace(/\.ts$/, ".js"))]),
  );
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
        groups: layers.map(([directory, name]) => ({
          name,
          test: (id) => id.startsWith(join(root, directory)),
        })),
      },
    });
  } finally {
    await build.close();
  }
}
