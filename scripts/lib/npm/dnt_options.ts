// The options of dnt.

import type { PublishedManifest } from "./manifest.ts";

/** The version of dnt that builds releases. */
export const DNT_VERSION = "0.43.2";

/** Where dnt puts ECMAScript modules and their declarations, in the directory it is given. */
export const DNT_MODULES = "esm";

/** The options of dnt's `build` that are used here, as its documentation has them. */
export interface DntOptions {
  readonly entryPoints: { readonly name: string; readonly path: string }[];
  readonly outDir: string;
  readonly shims: Readonly<Record<string, boolean>>;
  readonly polyfills: boolean;
  readonly scriptModule: false;
  readonly esModule: true;
  readonly declaration: "inline";
  readonly test: false;
  readonly typeCheck: false;
  readonly skipNpmInstall: true;
  readonly skipSourceOutput: true;
  readonly compilerOptions: {
    readonly target: "Latest";
    readonly sourceMap: true;
    readonly lib: readonly ("ESNext" | "DOM")[];
  };
  readonly package: PublishedManifest;
}

/**
 * Only modules, for the newest JavaScript, so that `import.meta` and everything else stays as
 * written. Nothing is shimmed: differences between runtimes are handled in our code.
 */
export function dntOptions(
  manifest: PublishedManifest,
  exports: Readonly<Record<string, string>>,
  outDir: string,
): DntOptions {
  return {
    entryPoints: Object.entries(exports).map(([name, path]) => ({ name, path })),
    outDir,
    shims: {},
    polyfills: false,
    scriptModule: false,
    esModule: true,
    declaration: "inline",
    test: false,
    // `npm run check` has done so, with the types of Node, which dnt would have to install.
    typeCheck: false,
    skipNpmInstall: true,
    skipSourceOutput: true,
    compilerOptions: { target: "Latest", sourceMap: true, lib: ["ESNext", "DOM"] },
    package: manifest,
  };
}
