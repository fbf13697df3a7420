/**
 * Starts processes, and keeps one more than there are connections: replacing one that was stopped
 * costs the next caller no start.
 *
 * @module
 */

import { ConnectionLostError } from "../driver/errors.ts";
import { builtin } from "../platform/builtin.ts";
import { systemEnvironment, type Timer } from "../platform/clock.ts";
import type { Transport, WorkerLike } from "../worker/transport.ts";
import type { OpenRequest } from "../worker/wire/wire.ts";
import { Child } from "./child.ts";
import { inheritedEnvironment, ownCommand, SCRIPT_ARGUMENTS } from "./command.ts";
import { DATA, lifeline } from "../worker/wire/pipes.ts";

/** How processes are started. */
export interface ProcessLimits {
  /** The command that runs the script; the package's own by default. */
  readonly command: readonly string[] | undefined;
  /** How much memory each may use. */
  readonly memory: OpenRequest["memory"];
  /** Whether it gets nothing of its host: no environment, and no standard output. */
  readonly isAlone: boolean;
}

/** How long the spare process outlives the last connection, in milliseconds. */
const LINGER_MS = 1_000;

/** Until a spare process is started, in milliseconds: a connection that is closed may become it. */
const PREPARE_MS = 200;

const { clock } = systemEnvironment;

/** The processes of a command, in all pools of this host. */
class Crew {
  readonly #command: readonly string[];
  readonly #isAlone: boolean;
  readonly #inUse = new Set<WorkerLike>();
  /** Has no database yet. */
  #spare: Child | undefined;
  /** Whether a process was killed, so that the next one may be too. */
  #expects: "peace" | "death" = "peace";
  #preparing: Timer;
  #tidying: Timer;

  constructor(command: readonly string[], isAlone: boolean) {
    this.#command = command;
    this.#isAlone = isAlone;
  }

  /** Returns a process without a database. */
  take(): Child {
    const spare = this.#spare?.isAlive ? this.#spare : undefined;
    this.#spare = undefined;
    const child = spare ?? startProcess(this.#command, this.#isAlone);
    this.#inUse.add(child);
    child.ref();
    child.onEnd = () => {
      this.#expects = "death";
      this.#leave(child);
    };
    if (this.#expects === "death") this.#prepare();
    else this.#later();
    return child;
  }

  /** Keeps a process whose database is closed, unless there is a spare one. */
  takeBack(child: Child): boolean {
    child.onEnd = undefined;
    this.#leave(child);
    if (this.#spare?.isAlive || !child.isAlive) return false;
    child.forget();
    this.#spare = child;
    return true;
  }

  #later(): void {
    clock.cancel(this.#preparing);
    this.#preparing = clock.schedule(() => this.#prepare(), PREPARE_MS, "lets process exit");
  }

  /** Starts the spare process. */
  #prepare(): void {
    this.#expects = "peace";
    if (this.#inUse.size === 0 || this.#spare?.isAlive) return;
    try {
      this.#spare = startProcess(this.#command, this.#isAlone);
    } catch {
      // The next caller tries again, and is told.
    }
  }

  #leave(child: Child): void {
    this.#inUse.delete(child);
    if (this.#inUse.size > 0) return;
    clock.cancel(this.#tidying);
    this.#tidying = clock.schedule(() => this.#tidy(), LINGER_MS, "lets process exit");
  }

  #tidy(): void {
    if (this.#inUse.size > 0) return;
    this.#spare?.terminate();
    this.#spare = undefined;
  }
}

/** One crew for each command. */
const crews = new Map<string, Crew>();

function crewOf(command: readonly string[], isAlone: boolean): Crew {
  const key = JSON.stringify([command, isAlone]);
  const known = crews.get(key);
  if (known !== undefined) return known;
  const crew = new Crew(command, isAlone);
  crews.set(key, crew);
  return crew;
}

/** Processes that are started in the same way. */
export function processes({ command = ownCommand(), isAlone }: ProcessLimits): Transport {
  const crew = crewOf(command, isAlone);
  return {
    noun: "process",
    stops: true,
    start: () => crew.take(),
    takeBack: (worker) => crew.takeBack(worker as Child),
  };
}

function startProcess([file, ...args]: readonly string[], isAlone: boolean): Child {
  const module = builtin("node:child_process");
  if (module === undefined) {
    throw new TypeError('This runtime starts no processes. Use execution: "inline".');
  }
  const last = Math.max(DATA, lifeline());
  const stdio = Array.from({ length: last + 1 }, (_, fd) => {
    if (fd === DATA || fd === lifeline()) return "pipe";
    return fd === 0 || isAlone ? "ignore" : "inherit";
  });
  const options = { stdio, env: isAlone ? {} : inheritedEnvironment(), windowsHide: true } as const;
  let cause: unknown;
  try {
    const process = module.spawn(file, [...args, ...SCRIPT_ARGUMENTS], options);
    // Bun and Deno give no pipes to what they could not start; Node reports an error later.
    if (process.stdio[DATA]) return new Child(process);
    process.on("error", () => {});
  } catch (error) {
    cause = error;
  }
  throw new ConnectionLostError(
    `The process of this connection could not be started with ${JSON.stringify(file)}. Check ` +
      "processCommand, and whether this program may start processes.",
    { cause, mayHaveTakenEffect: false },
  );
}
