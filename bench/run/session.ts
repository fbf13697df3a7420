/** The benchmark's end of the line to the process of a contender. */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

import { type Answer, type Assignment, MARK, type Order } from "./protocol.ts";

/** How a process is started. */
export interface Command {
  /** The program and what comes before the assignment. */
  readonly line: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
}

/** A contender that does not answer for this long is stuck. */
const STUCK_MS = 45_000;
/** For closing what is open; nothing is measured any more. */
const CLOSE_MS = 10_000;

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

export class Session {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #complaints = "";
  /** Why there is no process. */
  #missing: string | undefined;

  constructor({ line: [program, ...args], env }: Command, assignment: Assignment) {
    this.#child = spawn(program, [...args, JSON.stringify(assignment)], {
      env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    living.add(this.#child);
    this.#child.on("exit", () => living.delete(this.#child));
    this.#child.on("error", () => {
      this.#missing = `${program} cannot be started`;
    });
    this.#child.stdin!.on("error", () => {});
    // The last of it explains a crash.
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-2_000);
    });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** What the process says next. */
  async answer(limitMs: number = STUCK_MS): Promise<Answer> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), limitMs);
    try {
      for (;;) {
        const { done, value } = await this.#answers.next();
        if (done) return await this.#lastWords();
        if (value.startsWith(MARK)) return JSON.parse(value.slice(MARK.length)) as Answer;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  order(order: Order, limitMs?: number): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    return this.answer(limitMs);
  }

  /** Lets the contender close what it has open. */
  async end(): Promise<void> {
    if (!this.#hasExited) await this.order({ order: "end" }, CLOSE_MS);
    await this.kill();
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited();
  }

  get #hasExited(): boolean {
    const { exitCode, signalCode, pid } = this.#child;
    return exitCode !== null || signalCode !== null || pid === undefined;
  }

  async #exited(): Promise<void> {
    if (this.#hasExited) return;
    await new Promise((resolve) => this.#child.once("exit", resolve));
  }

  async #lastWords(): Promise<Answer> {
    await this.#exited();
    if (this.#missing !== undefined) return { answer: "absent", reason: this.#missing };
    const { exitCode, signalCode } = this.#child;
    const how = signalCode === null ? `exit code ${exitCode}` : `ended by ${signalCode}`;
    const line = this.#complaints.split("\n").find((text) => /error|fatal|panic/i.test(text));
    return { answer: "failed", reason: line === undefined ? how : `${how}: ${line.trim()}` };
  }
}
