/** What is in the tarball, and what the tools say that judge packages. */

import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join, posix, relative } from "node:path";
import { test } from "node:test";
import { publint } from "publint";

import { readManifest } from "../../scripts/lib/npm/build.ts";
import { lineMappings } from "../../scripts/lib/npm/line_maps.ts";
import { repositoryRoot } from "../helpers/runtime.ts";
import { builtPackage, processDirectory } from "./helpers/built_package.ts";
import { binaryOf, command } from "./helpers/commands.ts";
import { installedProject } from "./helpers/projects.ts";

const KIB = 1024;

/** The paths of all files in the package. */
async function packagedFiles(): Promise<string[]> {
  const { directory } = await builtPackage();
  return readdirSync(directory, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
}

test("the package is modules with maps, declarations, sources and documents", async () => {
  const paths = await packagedFiles();
  const kinds = [
    /^dist\/[\w-]+\.js(\.map)?$/,
    /^types\/[\w/]+\.d\.ts$/,
    /^(mod|(src|adapters|integrations)\/[\w/]+)\.ts$/,
    /^docs\/[\w-]+\.md$/,
  ];
  for (const kind of kinds) assert.ok(paths.some((path) => kind.test(path)), String(kind));
  const others = paths.filter((path) => !kinds.some((kind) => kind.test(path)));
  assert.deepEqual(others.sort(), ["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
});

test("every map leads to sources in the package, which are those of the repository", async () => {
  const { directory } = await builtPackage();
  const paths = await packagedFiles();
  const maps = paths.filter((path) => path.endsWith(".map"));
  const mapped = maps.flatMap((path) =>
    JSON.parse(readFileSync(join(directory, path), "utf8")).sources
      .map((source: string) => posix.join(posix.dirname(path), source))
  );
  assert.ok(mapped.includes("src/pool/pool.ts"));
  assert.deepEqual(mapped.filter((path) => !paths.includes(path)), []);
  for (const path of mapped) {
    const [packed, original] = [directory, repositoryRoot]
      .map((root) => readFileSync(join(root, path), "utf8"));
    assert.equal(packed, original, path);
  }
  const unmapped = paths.filter((path) =>
    /^dist\/.*\.js$/.test(path) && !maps.includes(`${path}.map`)
  );
  // They have no code of their own: what they export is in other modules.
  for (const path of unmapped) {
    assert.doesNotMatch(readFileSync(join(directory, path), "utf8"), /\b(class|throw)\b/, path);
  }
});

test("a stack leads to the line of the source", async () => {
  const cwd = await installedProject("npm");
  const program = `
    import { SQLiteConnectionPool } from "@sqlitepool/pool";
    try {
      new SQLiteConnectionPool(() => {}, { poolSize: 0 });
    } catch (error) {
      console.log(error.stack.match(/\\(.*(src\\/.*):(\\d+):\\d+\\)/).slice(1).join(":"));
    }`;
  const args = ["--enable-source-maps", "--input-type=module", "--eval", program];
  const output = await command([binaryOf("node"), ...args], { cwd });
  const [path, line] = output.trim().split(":");
  const text = readFileSync(join(repositoryRoot, path), "utf8").split("\n")[Number(line) - 1];
  assert.match(text, /new (Range|Type)Error\(/, `${path}:${line}`);
});

test("maps have one position for each line of a source, wherever that is in the module", () => {
  // Columns 0 and 4 of the first line, its second line from column 6 on; then the fourth line.
  assert.equal(lineMappings("AAAA,IAAI,EACA;AAEA,CAAC"), "AAAA,MACI;AAEA");
  // A source before this one, code without a source, and a line with nothing.
  assert.equal(lineMappings("CCiCA,CDCA;;C,CACD"), "CCiCA,CDCA;;C,CACD");
  // More than five bits.
  assert.equal(lineMappings("gggBAg/9hBA,CAAA;"), "gggBAg/9hBA;");
});

test("links in the documents of the package lead to its files, or to the repository", async () => {
  const { directory } = await builtPackage();
  const paths = await packagedFiles();
  const links = paths.filter((path) => path.endsWith(".md")).flatMap((path) =>
    [...readFileSync(join(directory, path), "utf8").matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
      .map(([, target]) => ({ path, target }))
  );
  const isRelative = ({ target }: { target: string }) => !/^https?:/.test(target);
  const broken = links.filter(isRelative)
    .filter(({ path, target }) => !paths.includes(posix.join(posix.dirname(path), target)));
  assert.deepEqual(broken, []);
  const { repository, version } = readManifest();
  const base = `${repository.url.replace(/^git\+|\.git$/g, "")}/blob/v${version}/`;
  const inRepository = links.filter(({ target }) => target.startsWith(base))
    .map(({ target }) => target.slice(base.length));
  assert.ok(inRepository.includes("CONTRIBUTING.md"));
  assert.deepEqual(inRepository.filter((path) => !existsSync(join(repositoryRoot, path))), []);
});

test("nothing is installed or run for those who install the package", async () => {
  const { directory } = await builtPackage();
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  for (const key of ["dependencies", "optionalDependencies", "bundleDependencies", "scripts"]) {
    assert.equal(manifest[key], undefined, key);
  }
  for (const name of Object.keys(manifest.peerDependencies)) {
    assert.equal(manifest.peerDependenciesMeta[name].optional, true, name);
  }
});

// Sources, maps and documents are two thirds of it; what is loaded is held to limits of its own. Each
// integration is about 10 KiB of it: six of them are in this limit.
test("the tarball is small", async () => {
  const { packedBytes } = await builtPackage();
  assert.ok(packedBytes < 642 * KIB, `${packedBytes} bytes`);
});

test("the tarball is the same from another directory", async () => {
  const copy = processDirectory();
  const left = new Set([".git", "node_modules", "npm", "tests", "bench"]);
  cpSync(repositoryRoot, copy, {
    recursive: true,
    filter: (path) => !left.has(relative(repositoryRoot, path)),
  });
  cpSync(join(repositoryRoot, "tests/helpers"), join(copy, "tests/helpers"), { recursive: true });
  symlinkSync(join(repositoryRoot, "node_modules"), join(copy, "node_modules"));
  await command([binaryOf("node"), "scripts/build_npm.ts"], { cwd: copy });
  const { tarball } = await builtPackage();
  assert.equal(hashOf(join(copy, "npm/tsc", basename(tarball))), hashOf(tarball));
});

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

test("publint has nothing to say", async () => {
  const { directory } = await builtPackage();
  const { messages } = await publint({ pkgDir: directory, pack: "npm", strict: true });
  assert.deepEqual(messages, []);
});

test("the types of every entry point fit its module, says Are The Types Wrong", async () => {
  const { tarball } = await builtPackage();
  const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  assert.ok(result.types !== false, "the package has no types");
  const subpaths = Object.keys(readManifest().exports);
  assert.deepEqual(
    Object.keys(result.entrypoints).filter((subpath) => subpath !== "./package.json").sort(),
    subpaths.sort(),
  );
  // There is no CommonJS, for which the other two ways of resolution are.
  const modern = ["node16-esm", "bundler"];
  const problems = result.problems.filter((problem) =>
    !("resolutionKind" in problem) || modern.includes(problem.resolutionKind)
  );
  assert.deepEqual(problems, []);
});
