/**
 * The process's side: what the script of threads does in a process of its own.
 *
 * @module
 */

import { systemEnvironment } from "../../platform/clock.ts";
import { openServer } from "./open_server.ts";
import type { Server } from "./server.ts";
import { FrameReader } from "../wire/frame_reader.ts";
import { FrameWriter } from "../wire/frame_writer.ts";
import type { OpenRequest, WirePart } from "../wire/wire.ts";
import { encodeError } from "../wire/wire_errors.ts";
import { DATA, lifeline } from "../wire/pipes.ts";

interface Globals {
  readonly process: {
    readonly pid: number;
    kill(pid: number, signal: "SIGKILL"): void;
    getBuiltinModule(name: "node:fs"): {
      readSync(fd: number, buffer: Uint8Array, offset: number, length: number): number;
      writeSync(fd: number, buffer: Uint8Array, offset: number, length: number): number;
    };
    getBuiltinModule(name: "node:worker_threads"): {
      readonly Worker: new (script: URL, options: object) => {
        once(event: "message", listener: () => void): unknown;
      };
    };
  };
}

// Importing node:process would make the standard streams non-blocking.
const { process } = globalThis as unknown as Globals;

/** How much is read at once. */
const CHUNK_LENGTH = 65_536;

/**
 * After this many messages the event loop runs once: engines free some native objects only there.
 */
const MESSAGES_A_TURN = 1_000;

/**
 * Kills the process when its host is gone, even in the middle of a statement: a thread of its own
 * waits for the end of the lifeline.
 *
 * @returns a promise that settles when the thread runs.
 */
function dieWithHost(): Promise<void> {
  const code = `
    const { readSync } = process.getBuiltinModule("node:fs");
    process.getBuiltinModule("node:worker_threads").parentPort.postMessage("runs");
    const byte = new Uint8Array(1);
    for (;;) {
      try {
        if (readSync(${lifeline()}, byte, 0, 1) === 0) break;
      } catch (error) {
        // Whoever uses standard input can make it non-blocking.
        if (error.code !== "EAGAIN") break;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      }
    }
    process.kill(process.pid, "SIGKILL");`;
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const script = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const thread = new Worker(script, { env: {}, execArgv: [] });
  return new Promise((resolve) => thread.once("message", resolve));
}

/**
 * The process's end of the pipe. It is read and written synchronously, which takes half as long as
 * through the event loop.
 */
class Port {
  readonly #fs = process.getBuiltinModule("node:fs");
  readonly #chunk = new Uint8Array(CHUNK_LENGTH);
  readonly #writer = new FrameWriter();
  readonly #received: unknown[] = [];
  readonly #reader = new FrameReader((message) => this.#received.push(message));

  /** Waits for the next message; `undefined` if the host is gone. */
  receive(): unknown {
    while (this.#received.length === 0) {
      const length = this.#fs.readSync(DATA, this.#chunk, 0, CHUNK_LENGTH);
      if (length === 0) return undefined;
      this.#reader.push(this.#chunk.subarray(0, length));
    }
    return this.#received.shift();
  }

  send(message: object): void {
    for (const segment of this.#writer.frame(message)) {
      for (let at = 0; at < segment.length;) {
        at += this.#fs.writeSync(DATA, segment, at, segment.length - at);
      }
    }
  }
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => systemEnvironment.clock.nextTurn(resolve));

/** Serves one database after another, until the host is gone. */
async function serve(port: Port, guarded: Promise<void>): Promise<void> {
  for (;;) {
    const request = port.receive();
    if (request === undefined) return;
    // V8 takes half a gigabyte of addresses for a thread, which is not the statements' to use.
    if ((request as OpenRequest).memory !== undefined) await guarded;
    let server: Server;
    try {
      server = await openServer(
        request as OpenRequest,
        ({ parts }) => port.send(parts),
        "announces",
      );
    } catch (error) {
      port.send({ error: encodeError(error) });
      continue;
    }
    port.send({});
    if (await answer(port, server) === "lost") return;
  }
}

async function answer(port: Port, server: Server): Promise<"closed" | "lost"> {
  for (let count = 1;; count++) {
    const requests = port.receive();
    if (requests === undefined) return "lost";
    if (server.receive(requests as WirePart[])) return "closed";
    if (count % MESSAGES_A_TURN === 0) await nextTurn();
  }
}

/** Serves the host of this process until it is gone. */
export function serveHost(): void {
  const guarded = dieWithHost();
  // An orderly exit would wait for the thread, and the thread for the host.
  const end = (): void => process.kill(process.pid, "SIGKILL");
  serve(new Port(), guarded).then(end, end);
}
