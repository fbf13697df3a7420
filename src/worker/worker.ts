/**
 * The script of a thread or process that runs statements for a pool. Do not import it: its URL is
 * passed to `new Worker(...)`, or its path to a runtime, which the package does itself unless a
 * bundler has moved the files.
 *
 * @example
 * ```ts ignore
 * import { Worker } from "node:worker_threads";
 * import { openDatabase } from "@sqlitepool/pool";
 *
 * // In a bundle, where this file is a chunk of its own:
 * const db = await openDatabase("app.db", {
 *   execution: "worker",
 *   worker: () => new Worker(new URL("./worker.js", import.meta.url), { execArgv: [] }),
 * });
 * ```
 *
 * @module
 */

// No top-level await: Node can end the whole process if a thread is terminated while a module
// awaits.

import { openServer } from "./server/open_server.ts";
import { serveHost } from "./server/process.ts";
import { MARKER } from "./wire/pipes.ts";
import type { OpenReply, OpenRequest, WirePart } from "./wire/wire.ts";
import { encodeError } from "./wire/wire_errors.ts";

interface Port {
  postMessage(message: OpenReply | WirePart[], transfer?: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (message: unknown) => void): void;
  once(event: "message", listener: (message: unknown) => void): void;
  close?(): void;
}

interface Globals {
  readonly process: {
    readonly argv: readonly string[];
    getBuiltinModule(name: string): { readonly parentPort: Port | null };
  };
  close(): void;
}

const { process, close } = globalThis as unknown as Globals;
const port = process.getBuiltinModule("node:worker_threads").parentPort;
if (port !== null) port.once("message", (message) => void serve(port, message as OpenRequest));
else if (process.argv.includes(MARKER)) serveHost();

async function serve(port: Port, request: OpenRequest): Promise<void> {
  try {
    const server = await openServer(
      request,
      ({ parts, transfer }) => port.postMessage(parts, transfer),
    );
    port.on("message", (requests) => {
      if (server.receive(requests as WirePart[])) end(port);
    });
    port.postMessage({ error: undefined });
  } catch (error) {
    port.postMessage({ error: encodeError(error) });
    end(port);
  }
}

/** The thread exits once its port is closed. */
function end(port: Port): void {
  if (port.close === undefined) close();
  else port.close();
}
