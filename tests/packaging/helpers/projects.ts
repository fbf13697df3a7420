/** Empty projects into which package managers install the package. */

import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { readManifest } from "../../../scripts/lib/npm/build.ts";
import { repositoryRoot } from "../../helpers/runtime.ts";
import { processDirectory } from "./built_package.ts";
import { binaryOf, command, installed } from "./commands.ts";
import { startNpmRegistry } from "./registry.ts";

export const managers = ["npm", "pnpm", "bun", "deno"] as const;

export type Manager = typeof managers[number];

/** What each program of `apps/` prints, on every runtime. */
export const expectedOutput: Readonly<Record<string, unknown>> = {
  "app.js": {
    users: [{ id: 1, name: "Alice" }],
    rows: [{ count: 1 }],
    refused: "SQLITE_CONSTRAINT_UNIQUE",
  },
  "threads.js": {
    users: [{ id: 1, name: "Alice" }, { id: 2, name: "Alice" }],
    refused: "SQLITE_CONSTRAINT_UNIQUE",
  },
  "app.ts": {
    user: { id: 1, name: "Alice" },
    bob: [{ id: 2, name: "Bob" }],
    count: 1,
    opened: 1,
    lastInsertRowid: 1,
    refused: true,
    isError: false,
  },
};

const projects = new Map<Manager, Promise<string>>();

/** The directory of a project with the package and the programs of `apps/` in it. */
export function installedProject(manager: Manager): Promise<string> {
  let project = projects.get(manager);
  if (project === undefined) projects.set(manager, project = install(manager));
  return project;
}

async function install(manager: Manager): Promise<string> {
  const url = await startNpmRegistry();
  const directory = processDirectory();
  cpSync(join(repositoryRoot, "tests/packaging/apps"), directory, { recursive: true });
  const { name, version } = readManifest();
  const dependencies = { [name]: version };
  writeFileSync(
    join(directory, "package.json"),
    JSON.stringify({ name: "app", private: true, type: "module", dependencies }),
  );
  writeFileSync(join(directory, ".npmrc"), `registry=${url}\n`);
  await command(installCommands[manager], {
    cwd: directory,
    env: {
      // Nothing comes from a cache that earlier installs filled.
      npm_config_cache: join(directory, ".npm"),
      BUN_INSTALL_CACHE_DIR: join(directory, ".bun"),
      DENO_DIR: join(directory, ".deno"),
    },
  });
  return directory;
}

const installCommands: Readonly<Record<Manager, readonly string[]>> = {
  npm: ["npm", "install", "--no-audit", "--strict-peer-deps"],
  pnpm: [installed(".bin/pnpm"), "install", "--store-dir", ".pnpm-store"],
  bun: [binaryOf("bun"), "install"],
  deno: [binaryOf("deno"), "install"],
};

/** Packages that some entry points import. */
export const integratedPackages: readonly string[] = [
  "kysely",
  "@opentelemetry/api",
  "drizzle-orm",
  "@libsql/client",
  "@prisma/driver-adapter-utils",
];

/** Puts packages into a project that a user has anyway, the types of Node say. */
export function linkPackages(project: string, ...packages: readonly string[]): void {
  for (const name of packages) {
    const target = join(project, "node_modules", name);
    if (existsSync(target)) continue;
    mkdirSync(join(target, ".."), { recursive: true });
    symlinkSync(installed(name), target);
  }
}

/** What a program of `apps/` prints. */
export function expected(program: string): unknown {
  return expectedOutput[basename(program)];
}
