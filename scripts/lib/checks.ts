// Checks that consist of one command and pass or fail as a whole.

import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { entryPaths } from "./entry_points.ts";
import { run } from "./process.ts";
import { type Runtime, runtimes, scriptRuntime } from "./runtimes.ts";

export interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface CheckResult {
  readonly name: string;
  readonly problem: string | undefined;
  readonly output: string;
  readonly ms: number;
}

const deno = (runtimes.find(({ kind }) => kind === "deno") as Runtime).binary;
const node = scriptRuntime.binary;

export const staticChecks: readonly Check[] = [
  { name: "deno fmt", command: [deno, "fmt", "--check"] },
  { name: "deno lint", command: [deno, "lint"] },
  { name: "tsc", command: [node, "node_modules/typescript/bin/tsc"] },
  // --doc: includes the examples in doc comments.
  { name: "deno check", command: [deno, "check", "--quiet", "--doc", "."] },
  { name: "document types", command: [node, "scripts/document_types.ts"] },
  // Whether JSR would accept the package, by its own tool and by the one for npm users.
  { name: "deno publish", command: [deno, "publish", "--dry-run", "--allow-dirty"] },
  {
    name: "jsr publish",
    command: [node, "node_modules/jsr/dist/bin.js", "publish", "--dry-run", "--allow-dirty"],
    env: { DENO_BIN_PATH: resolve(deno) },
  },
  // Integrations speak of the types of other packages, which it takes for private ones of ours.
  {
    name: "deno doc",
    command: [
      ...[deno, "doc", "--quiet", "--lint"] as const,
      ...entryPaths.filter((path) => !path.startsWith("integrations/")),
    ],
  },
  { name: "documentation", command: [node, "scripts/docs.ts", "--check"] },
  { name: "public API", command: [node, "scripts/api.ts", "--check"] },
  { name: "planted bugs apply", command: [node, "scripts/mutate.ts", "--check"] },
];

/** Tests of the tests: every planted bug must make a test fail. */
export function mutationChecks(): Check[] {
  const script = "scripts/mutate.ts";
  if (!existsSync(script)) return [];
  return [{ name: "mutation", command: [node, script], timeoutMs: 2_400_000 }];
}

export async function runCheck({ name, command, env, timeoutMs }: Check): Promise<CheckResult> {
  const [binary, ...args] = command;
  return { name, ...await run(binary, args, { env, timeoutMs }) };
}
