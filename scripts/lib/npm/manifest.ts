// The published package.json, made from the one in the repository: entries for contributors are
// dropped, and source paths become those of the built files.

export interface SourceManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly homepage: string;
  readonly repository: { readonly type: string; readonly url: string };
  readonly bugs: string;
  readonly license: string;
  readonly type: "module";
  /** Modules with side effects; bundlers may drop all others. */
  readonly sideEffects: false | readonly string[];
  readonly engines: Readonly<Record<string, string>>;
  /** Subpaths and their source files. */
  readonly exports: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

/** What dnt and npm are given: JSON. */
export interface PublishedManifest extends Omit<SourceManifest, "exports"> {
  readonly exports: Readonly<Record<string, string | PublishedEntry>>;
  readonly files: readonly string[];
}

export interface PublishedEntry {
  readonly types: string;
  readonly default: string;
}

/** Where built modules and declarations are in the package. */
export const MODULES = "dist";
export const DECLARATIONS = "types";

/** Files in the same place as in the repository. */
const SOURCES: readonly string[] = ["mod.ts", "src", "adapters", "integrations"];
export const DOCUMENTS = "docs";

/**
 * The path in the package of the module behind an export. It is named after the subpath, which is
 * unique: the sources of most drivers have the same file name.
 */
export function modulePath(subpath: string): string {
  return `${MODULES}/${subpath === "." ? "mod" : withoutDot(subpath)}.js`;
}

/** The path in the package of the declarations of a source file. */
export function declarationPath(source: string): string {
  return `${DECLARATIONS}/${withoutDot(source).replace(/\.ts$/, ".d.ts")}`;
}

export function publishedManifest(source: SourceManifest): PublishedManifest {
  const { name, version, description, keywords, homepage, repository, bugs, license } = source;
  const { type, sideEffects, engines, exports, peerDependencies, peerDependenciesMeta } = source;
  const entries = Object.entries(exports).map(([subpath, path]) => [
    subpath,
    publishedEntry(subpath, path),
  ]);
  const modulePathOf = (path: string) =>
    modulePath(Object.keys(exports).find((subpath) => exports[subpath] === path)!);
  return {
    ...{ name, version, description, keywords, homepage, repository, bugs, license },
    type,
    sideEffects: sideEffects && sideEffects.map((path) => `./${modulePathOf(path)}`),
    engines,
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    files: [MODULES, DECLARATIONS, ...SOURCES, DOCUMENTS, "CHANGELOG.md"],
    peerDependencies,
    peerDependenciesMeta,
  };
}

/** One build for every runtime, so there are no conditions beside these two. */
function publishedEntry(subpath: string, source: string): PublishedEntry {
  return { types: `./${declarationPath(source)}`, default: `./${modulePath(subpath)}` };
}

/** A path from the root of the repository, as manifests do not write them. */
export function withoutDot(path: string): string {
  return path.replace(/^\.\//, "");
}
