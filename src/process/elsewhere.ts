/**
 * Where the connections of a database run, if not in the thread of its callers.
 *
 * @module
 */

import type { DriverConnection } from "../driver/connection.ts";
import type { OnTiming } from "../driver/timing.ts";
import {
  threadFactory,
  type ThreadStats,
  totalOf,
  type WorkerConnectionFactory,
} from "../worker/thread_factory.ts";
import type { SpawnWorker } from "../worker/transport.ts";
import type { OpenRequest } from "../worker/wire/wire.ts";
import {
  limitsOf,
  type ProcessConnectionFactory,
  processFactory,
  type ProcessStart,
  type ProcessStats,
  totalProcesses,
} from "./process_factory.ts";

/** How threads or processes are started, and what they open. */
export interface ElsewhereOptions {
  readonly worker: SpawnWorker | undefined;
  readonly processes: ProcessStart;
  readonly untrusted: boolean;
  readonly onTiming: OnTiming | undefined;
  /** What a reader or the writer opens. */
  request(readonly: boolean): OpenRequest;
}

/** The connections of a database, in threads or in processes. */
export class Elsewhere {
  readonly #threads: readonly WorkerConnectionFactory[] | undefined;
  readonly #processes: readonly ProcessConnectionFactory[] | undefined;

  /** @throws {TypeError} if they cannot be started. */
  constructor(kind: "threads" | "processes", options: ElsewhereOptions) {
    const { worker, processes, onTiming } = options;
    // That of the writer comes first.
    const requests = [options.request(false), options.request(true)];
    if (kind === "threads") {
      this.#threads = requests.map((request) => threadFactory(request, worker, onTiming));
    } else {
      const limits = limitsOf(processes, options.untrusted ? "untrusted" : "trusted");
      this.#processes = requests.map((request) => processFactory(request, limits, onTiming));
    }
  }

  /** Whether the end of a connection stops the statement that runs there. */
  get stops(): boolean {
    return this.#processes !== undefined;
  }

  /** The running threads, if its connections are in threads. */
  get threads(): ThreadStats | undefined {
    return this.#threads && totalOf(this.#threads);
  }

  /** The running processes, if its connections are in processes. */
  get processes(): ProcessStats | undefined {
    return this.#processes && totalProcesses(this.#processes);
  }

  /** Opens a connection. */
  connect(readonly: boolean): Promise<DriverConnection> {
    return (this.#threads ?? this.#processes!)[readonly ? 1 : 0]();
  }
}
