// What the package exports: names that users import, and the files behind them.

import manifest from "../../package.json" with { type: "json" };

export interface EntryPoint {
  /** As users write it: "@sqlitepool/pool/node-sqlite". */
  readonly name: string;
  /** As we write it: "adapters/node_sqlite/adapter.ts". */
  readonly path: string;
}

export const entryPoints: readonly EntryPoint[] = Object.entries(manifest.exports).map(
  ([key, path]) => ({ name: key.replace(".", manifest.name), path: path.replace("./", "") }),
);

export const entryPaths: readonly string[] = entryPoints.map(({ path }) => path);
