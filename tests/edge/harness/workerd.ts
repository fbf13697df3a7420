/** Workers for the tests: bundled by esbuild, run by miniflare. */

import { build } from "esbuild";
import { createRequire } from "node:module";

import { onNewestNode, repositoryRoot } from "../../helpers/runtime.ts";
import { D1_DATABASES } from "./edge_driver.ts";

/** Why workerd is not started here: nothing that runs in it depends on who starts it. */
export const noWorkerd: string | undefined = onNewestNode
  ? undefined
  : "workerd is started from Node 26";

/** A Worker that answers requests; `env.SELF.fetch` sends requests to it from inside. */
export interface StartedWorker {
  fetch(url: string, init?: { method?: string; body?: string; signal?: AbortSignal }): Promise<
    {
      readonly status: number;
      readonly headers: Headers;
      text(): Promise<string>;
      json(): Promise<unknown>;
    }
  >;
  stop(): Promise<void>;
}

export interface WorkerOptions {
  /** Its entry module as TypeScript; it imports from the root of the repository, `./mod.ts`. */
  readonly source: string;
  /** A class that the entry exports, by the name of its binding. */
  readonly durableObjects?: Readonly<Record<string, string>>;
  /** For tests that need assertions and files inside; without it, only web APIs are there. */
  readonly nodejsCompat?: boolean;
  /** Whose behaviour to show; the newest that this workerd knows without it. */
  readonly compatibilityDate?: string;
  /** Variables of the environment, as JSON. */
  readonly bindings?: Readonly<Record<string, unknown>>;
}

interface Miniflare {
  readonly ready: Promise<URL>;
  dispatchFetch: StartedWorker["fetch"];
  dispose(): Promise<void>;
}

/** The D1 bindings of every Worker: `DB0` and so on. */
const d1Databases: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: D1_DATABASES }, (_, index) => [`DB${index}`, `database-${index}`]),
);

export async function startWorker(options: WorkerOptions): Promise<StartedWorker> {
  const { Miniflare, kCurrentWorker } = createRequire(import.meta.url)("miniflare") as {
    Miniflare: new (options: object) => Miniflare;
    kCurrentWorker: symbol;
  };
  const miniflare = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents: await bundle(options) }],
    compatibilityDate: options.compatibilityDate ?? "2026-04-26",
    compatibilityFlags: options.nodejsCompat ? ["nodejs_compat"] : [],
    bindings: options.bindings ?? {},
    d1Databases,
    serviceBindings: { SELF: kCurrentWorker },
    durableObjects: Object.fromEntries(
      Object.entries(options.durableObjects ?? {}).map((
        [binding, className],
      ) => [binding, { className, useSQLite: true }]),
    ),
  });
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
  return {
    fetch: (url, init) => miniflare.dispatchFetch(url, init),
    stop: () => miniflare.dispose(),
  };
}

/** The entry and what it imports as one module, as Cloudflare's own tool would bundle it. */
async function bundle({ source, nodejsCompat = false }: WorkerOptions): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, loader: "ts", resolveDir: repositoryRoot, sourcefile: "worker.ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", ...nodejsCompat ? ["node:*"] : []],
    // Workers have no location; helpers of the tests ask for theirs.
    define: nodejsCompat ? { "import.meta.url": '"file:///worker.js"' } : {},
    logLevel: "silent",
  });
  return outputFiles![0].text;
}
