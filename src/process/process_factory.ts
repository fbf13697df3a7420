/**
 * Opens connections, each in its own process. The code that starts them is loaded with the first one.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import type { DriverConnection } from "../driver/connection.ts";
import { ConnectionLostError } from "../driver/errors.ts";
import type { OnTiming } from "../driver/timing.ts";
import { expectDriver } from "../worker/thread_factory.ts";
import { ThreadCount } from "../worker/thread_count.ts";
import type { OpenRequest } from "../worker/wire/wire.ts";
import type { ProcessLimits } from "./processes.ts";

/** How processes are started. */
export interface ProcessStart {
  /**
   * The command that runs the script `@sqlitepool/pool/worker`: a runtime, its arguments, and the
   * path of the script. Needed where a bundler has moved it, and in programs of a single file.
   */
  processCommand?: readonly string[];
  /**
   * How much memory a process may use beyond what it starts with, in MiB, at least 16. A statement
   * that needs more fails with SQLITE_NOMEM, or with a `ConnectionLostError` as its process ends.
   * Default: no limit, and 512 for databases that are `untrusted`.
   */
  memoryLimitMb?: number;
}

/** Process counts. */
export interface ProcessStats {
  /** Running processes with a connection. */
  readonly running: number;
}

/** Opens a connection in a process of its own on each call. */
export interface ProcessConnectionFactory {
  /** Starts a process and opens the database in it. */
  (): Promise<DriverConnection>;
  /** Its connections take many calls at once. */
  readonly pipelines: true;
  /** Ending one of its connections stops the statement that runs there. */
  readonly stops: true;
  /** The current processes of this factory. */
  readonly processes: ProcessStats;
}

/** The memory of processes that read files of unknown origin. */
const UNTRUSTED_LIMIT_MB = 512;

/** Less would not do for SQLite itself. */
const LEAST_LIMIT_MB = 16;

const MIB = 2 ** 20;

/** Checks how processes are to be started. */
export function limitsOf(
  { processCommand: command, memoryLimitMb }: ProcessStart,
  origin: "trusted" | "untrusted" = "trusted",
): ProcessLimits {
  if (memoryLimitMb !== undefined && !(memoryLimitMb >= LEAST_LIMIT_MB)) {
    const found = describeValue(memoryLimitMb);
    throw new RangeError(
      `memoryLimitMb must be a number of at least ${LEAST_LIMIT_MB} (MiB); got ${found}`,
    );
  }
  const limitMb = memoryLimitMb ?? (origin === "untrusted" ? UNTRUSTED_LIMIT_MB : Infinity);
  const memory = limitMb === Infinity
    ? undefined
    : { limit: Math.floor(limitMb * MIB), isRequired: memoryLimitMb !== undefined };
  const isCommand = command === undefined ||
    (Array.isArray(command) && command.length > 0 &&
      command.every((part) => typeof part === "string"));
  if (isCommand) return { command, memory, isAlone: origin === "untrusted" };
  throw new TypeError(
    `processCommand must be an array of a program and its arguments; got ${describeValue(command)}`,
  );
}

/**
 * Creates a factory for a pool.
 *
 * @param request what each process opens.
 * @param limits how processes are started.
 * @param onTiming called after each statement with its execution time in the process.
 * @param locate returns what exactly to open. Default: `request` unchanged.
 * @throws {TypeError} for a driver that processes cannot load.
 */
export function processFactory(
  request: OpenRequest,
  limits: ProcessLimits,
  onTiming: OnTiming | undefined,
  locate: () => OpenRequest | Promise<OpenRequest> = () => request,
): ProcessConnectionFactory {
  expectDriver(request.driver, "process");
  const crew = new ThreadCount();
  const open = async (): Promise<DriverConnection> => {
    const [{ WorkerConnection }, { processes }] = await Promise.all([
      import("../worker/worker_connection.ts"),
      import("./processes.ts"),
    ]);
    const surroundings = { transport: processes(limits), crew, onTiming };
    const opening = { ...await locate(), memory: limits.memory };
    try {
      return await WorkerConnection.open(surroundings, opening);
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      // It may have been a spare one whose death nobody had noticed yet.
      return await WorkerConnection.open(surroundings, opening);
    }
  };
  const factory: object = Object.defineProperties(open, {
    pipelines: { value: true },
    stops: { value: true },
    processes: { get: (): ProcessStats => ({ running: crew.size }) },
  });
  return factory as ProcessConnectionFactory;
}

/** Returns the processes of several factories together. */
export function totalProcesses(factories: Iterable<ProcessConnectionFactory>): ProcessStats {
  const all = [...factories].map(({ processes }) => processes);
  return { running: all.reduce((sum, { running }) => sum + running, 0) };
}
