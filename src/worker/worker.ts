/**
 * The script of a thread that runs statements for a pool. Not to be imported: its address goes to
 * `new Worker(...)`, which the package does by itself unless a bundler has moved the files.
 *
 * @example
 * ```ts ignore
 * import { Worker } from "node:worker_threads";
 * import { openDatabase } from "@sqlitepool/pool";
 *
 * // In a bundle, where this file is a chunk of its own:
 * const db = await openDatabase("app.db", {
 *   execution: "worker",
 *   worker: () => new Worker(new URL("./worker.js", import.meta.url)),
 * });
 * ```
 *
 * @module
 */

// No await at the top level: Node can end the whole process when a thread is terminated while a
// module is waiting there.

import { systemEnvironment } from "../platform/clock.ts";
import { Server } from "./server.ts";
import type { OpenReply, OpenRequest, WirePart } from "./wire.ts";
import { encodeError } from "./wire_errors.ts";
import { openConnection } from "./worker_drivers.ts";

interface Port {
  postMessage(message: OpenReply | WirePart[]): void;
  on(event: "message", listener: (message: unknown) => void): void;
  once(event: "message", listener: (message: unknown) => void): void;
  close?(): void;
}

interface Globals {
  readonly process: { getBuiltinModule(name: string): { readonly parentPort: Port | null } };
  close(): void;
}

const { process, close } = globalThis as unknown as Globals;
const port = process.getBuiltinModule("node:worker_threads").parentPort;
port?.once("message", (message) => void serve(port, message as OpenRequest));

async function serve(port: Port, open: OpenRequest): Promise<void> {
  try {
    const connection = await openConnection(open);
    connection.executeSync("PRAGMA busy_timeout = 0");
    const server = new Server(
      connection,
      (replies) => port.postMessage(replies),
      systemEnvironment.clock.now,
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

/** The thread ends when nothing can reach it any more. */
function end(port: Port): void {
  if (port.close === undefined) close();
  else port.close();
}
