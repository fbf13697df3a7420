// Emitted modules, some eighty small files, become a few: Node takes about a quarter of a
// millisecond to load a file, whatever is in it.

import { join, resolve } from "node:path";
import { type OutputOptions, rolldown } from "rolldown";

import { modulePath, MODULES } from "./manifest.ts";

/**
 * The files that modules share: each has the modules named here with all that these import, as far
 * as no file before it has that. What is loaded on demand has files of its own.
 *
 * The first three are loaded with the main entry point, and of those a bundle of the pool alone
 * carries the first. A bundler that splits code carries the parts of a file that the program uses
 * anywhere, wherever the file is imported: so what adapters or databases use too, which is
 * `common`, is apart from what only the user calls.
 */
const chunks: Readonly<Record<string, readonly string[]>> = {
  pool: ["src/connections/connection_pool.ts", "src/platform/runtime.ts"],
  common: ["src/sqlite/bind.ts", "src/worker/thread_factory.ts", "src/pool/deadline.ts"],
  main: ["mod.ts"],
  // With the driver that all three runtimes have.
  synchronous: [
    ...["adapters/node_sqlite/driver.ts", "src/driver/savepoint.ts", "src/sqlite/classify.ts"],
  ],
  asynchronous: ["src/driver/async_connection.ts"],
};

/**
 * Writes one file for each entry point, those that they share, and those that they load on demand.
 * `scripts` are the entry points that run by themselves, in a thread: they share nothing with those
 * who start them, so that each has all it needs in one file, and nothing else.
 *
 * All are in one directory, so that a module finds its neighbours in the sources (the worker, say)
 * beside itself in the package too.
 */
export async function bundle(
  entryPoints: readonly string[],
  scripts: readonly string[],
  emitted: string,
  packageDirectory: string,
): Promise<void> {
  const root = resolve(emitted);
  const emittedPath = (source: string) => join(root, source.replace(/\.ts$/, ".js"));
  const write = async (entries: readonly string[], output: OutputOptions) => {
    const build = await rolldown({
      // The paths of modules end up in comments.
      cwd: root,
      input: Object.fromEntries(entries.map((entry) => [modulePath(entry), emittedPath(entry)])),
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
        ...output,
      });
    } finally {
      await build.close();
    }
  };
  const groups = Object.entries(chunks).map(([name, modules]) => ({
    name,
    test: (id: string) => modules.map(emittedPath).includes(id),
  }));
  const modules = entryPoints.filter((entry) => !scripts.includes(entry));
  await write(modules, { codeSplitting: { groups } });
  // Read by nobody, and by every thread: the smaller, the sooner it runs.
  for (const script of scripts) await write([script], { codeSplitting: false, minify: true });
}
