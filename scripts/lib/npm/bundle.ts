// Bundles the emitted modules, some eighty small files, into a few: Node takes about a quarter of a
// millisecond to load a file of any size.

import { readFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { type OutputOptions, type Plugin, rolldown } from "rolldown";

import { lineMappings } from "./line_maps.ts";
import { modulePath, MODULES, withoutDot } from "./manifest.ts";

/**
 * The files that modules share: each has the modules named here with all that these import, as far
 * as no file before it has that. What is loaded on demand has files of its own.
 *
 * The first five are loaded with the main entry point, and of those a bundle of the pool alone
 * carries the first two. A bundler that splits code carries the parts of a file that the program uses
 * anywhere, wherever the file is imported: so what adapters or databases use too, which is
 * `common`, is apart from what only the user calls.
 */
const chunks: Readonly<Record<string, readonly string[]>> = {
  // What the edge has in common with the rest, so that a Worker carries nothing else of that.
  vocabulary: [
    ...["src/sqlite/errors.ts", "src/sqlite/bind/take_params.ts", "src/connections/query.ts"],
    ...["src/connections/connection.ts", "src/pool/stats.ts", "adapters/shape.ts"],
    ...["src/platform/callers_stack.ts", "src/platform/clock.ts", "src/pool/abort.ts"],
    "src/pool/hooks.ts",
  ],
  // Apart from what only files need, for D1.
  deadline: ["src/pool/deadline.ts"],
  pool: ["src/connections/connection_pool.ts", "src/platform/runtime.ts"],
  common: [
    ...["src/sqlite/bind/check_value.ts", "src/worker/thread_factory.ts"],
    "src/process/process_factory.ts",
    "src/platform/surroundings.ts",
  ],
  main: ["mod.ts"],
  // With the first statement, on the edge too.
  statements: [
    ...["src/sqlite/scan.ts", "src/sqlite/bind.ts", "src/driver/inserted_rowid.ts"],
    ...["src/driver/driver_error.ts", "src/driver/sync_cursor.ts", "adapters/native_values.ts"],
    "src/sqlite/outcome.ts",
  ],
  // Loaded with the first connection of a pool, and with the first lease.
  connection: [
    ...["src/connections/physical_connection.ts", "src/sqlite/scan.ts"],
    "src/platform/builtins.ts",
  ],
  lease: ["src/connections/leased_connection.ts"],
  // Loaded with the driver that all three runtimes have.
  synchronous: ["adapters/node_sqlite/driver.ts"],
  asynchronous: ["src/driver/async_connection.ts"],
  // Last, so that it has nothing that others need too.
  threads: ["src/worker/worker_connection.ts", "src/worker/thread.ts"],
};

/**
 * Writes one file for each export, the files they share, and those they load on demand. `exports`
 * has the source file of each subpath. `scripts` are those sources that run by themselves, in a
 * thread: they share no file with those who start them, so that each has all it needs in one file,
 * and nothing else.
 *
 * All are in one directory, so that a module finds its neighbours in the sources (the worker, say)
 * beside itself in the package too.
 */
export async function bundle(
  exports: Readonly<Record<string, string>>,
  scripts: readonly string[],
  emitted: string,
  packageDirectory: string,
): Promise<void> {
  const root = resolve(emitted);
  const emittedPath = (source: string) => join(root, source.replace(/\.ts$/, ".js"));
  const write = async (entries: readonly [string, string][], output: OutputOptions) => {
    const build = await rolldown({
      // The paths of modules end up in comments.
      cwd: root,
      input: Object.fromEntries(
        entries.map(([subpath, source]) => [modulePath(subpath), emittedPath(source)]),
      ),
      // Modules of other packages stay imports.
      external: /^[^./]/,
      platform: "neutral",
      plugins: [sourceMaps(root, resolve(packageDirectory))],
      onLog(level, { message }) {
        if (level === "warn") throw new Error(message);
      },
    });
    try {
      await build.write({
        dir: packageDirectory,
        format: "esm",
        sourcemap: true,
        // The sources are in the package.
        sourcemapExcludeSources: true,
        comments: { legal: false, jsdoc: false, annotation: true },
        entryFileNames: "[name]",
        chunkFileNames: ({ name, moduleIds }) =>
          `${MODULES}/${sharedName(root, name, moduleIds)}.js`,
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
  const entries = Object.entries(exports).map(([subpath, source]): [string, string] => [
    subpath,
    withoutDot(source),
  ]);
  await write(entries.filter(([, source]) => !scripts.includes(source)), {
    codeSplitting: { groups },
  });
  // Minified: nobody reads it, and every thread or process loads it.
  const threads = entries.filter(([, source]) => scripts.includes(source));
  for (const entry of threads) await write([entry], { codeSplitting: false, minify: true });
}

/**
 * The name of a file that entry points share or load on demand: that of its group, or that of the
 * last module in it, which is the one that is imported. The folder is part of it, because the
 * adapters of all drivers have the same file name.
 */
function sharedName(root: string, name: string, moduleIds: readonly string[]): string {
  const module = moduleIds.at(-1);
  // Code added by the bundler is in no folder.
  const isOurs = module !== undefined && isAbsolute(module);
  if (Object.hasOwn(chunks, name) || !isOurs) return name;
  const path = relative(root, module).replaceAll("\\", "/");
  return path.replace(/^(src|adapters|integrations)\//, "").replace(/\.js$/, "").replaceAll(
    "/",
    "_",
  );
}

/** Creates source maps of the bundle that lead to the sources in the package, line by line. */
function sourceMaps(root: string, packageDirectory: string): Plugin {
  return {
    name: "source maps",
    load(id) {
      if (!id.startsWith(root)) return null;
      const code = readFileSync(id, "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
      const map = JSON.parse(readFileSync(`${id}.map`, "utf8"));
      const source = join(packageDirectory, relative(root, id).replace(/\.js$/, ".ts"));
      return { code, map: { ...map, sources: [source], sourceRoot: undefined } };
    },
    generateBundle(_options, files) {
      for (const file of Object.values(files)) {
        if (file.type !== "asset" || !file.fileName.endsWith(".js.map")) continue;
        const map = JSON.parse(String(file.source));
        file.source = JSON.stringify({ ...map, mappings: lineMappings(map.mappings) });
      }
    },
  };
}
