// Emitted modules, some eighty small files, become a few: Node takes about a quarter of a
// millisecond to load a file, whatever is in it.

import { join, resolve } from "node:path";
import { rolldown } from "rolldown";

import { modulePath, MODULES } from "./manifest.ts";

/**
 * The files that modules share: each has some modules with all that these import, as far as no
 * file before it has that. What belongs to one adapter, or is loaded on demand, has its own.
 *
 * The first is all that a bundle of the pool alone begins with; the first three are loaded with
 * the main entry point, which only passes on what they export. Bundlers with code splitting take
 * or leave parts of a file, but what one program uses of it is carried wherever the file is: so
 * the third has to be apart from the second.
 */
const chunks: Readonly<Record<string, readonly string[]>> = {
  pool: ["src/database/connection_pool.ts", "src/sqlite/runtime.ts"],
  common: [
    ...["src/sqlite/values.ts", "src/worker/thread_factory.ts", "src/database/deadline.ts"],
    "adapters/native_driver.ts",
  ],
  main: ["mod.ts"],
  // With the adapter for the driver that all three runtimes have.
  synchronous: [
    ...["adapters/node_sqlite.ts", "adapters/builtin_modules.ts", "adapters/open_error.ts"],
    "src/database/queueable.ts",
  ],
  asynchronous: ["adapters/async_connection.ts"],
};

/**
 * Writes one file for each entry point, those that they share, and those that they load on demand.
 *
 * All are in one directory, so that a module finds its neighbours in the sources (the worker, say)
 * beside itself in the package too.
 */
export async function bundle(
  entryPoints: readonly string[],
  emitted: string,
  packageDirectory: string,
): Promise<void> {
  const root = resolve(emitted);
  const emittedPath = (source: string) => join(root, source.replace(/\.ts$/, ".js"));
  const input = Object.fromEntries(
    entryPoints.map((entry) => [modulePath(entry), emittedPath(entry)]),
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
        groups: Object.entries(chunks).map(([name, roots]) => ({
          name,
          test: (id) => roots.map(emittedPath).includes(id),
        })),
      },
    });
  } finally {
    await build.close();
  }
}
