/**
 * Runs the Worker on this machine: `node examples/service/workerd.ts`. It is over D1, or over a
 * libSQL server with DATABASE_URL. To deploy it: `npx wrangler deploy` in this folder.
 */

import process from "node:process";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

const { DATABASE_URL, DATABASE_TOKEN, PORT = "3000" } = process.env;

const { outputFiles: [{ text }] } = await build({
  entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
  bundle: true,
  write: false,
  format: "esm",
  conditions: ["workerd", "worker", "browser"],
});
const worker = new Miniflare({
  host: "127.0.0.1",
  port: Number(PORT),
  modules: [{ type: "ESModule", path: "worker.js", contents: text }],
  compatibilityDate: "2026-04-01",
  ...DATABASE_URL === undefined
    ? { d1Databases: { DB: "shop" } }
    : { bindings: { DATABASE_URL, DATABASE_TOKEN } },
});
console.log(`Listening on ${(await worker.ready).origin}`);
