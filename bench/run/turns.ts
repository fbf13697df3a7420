/** How a contender takes its turn: calls in its process, starts of processes, requests to a server. */

import { AbsentError } from "../contenders/contender.ts";
import { load } from "../contenders/load.ts";
import type { Detail, Scenario } from "../scenarios/scenario.ts";
import type { Answer, Assignment } from "./protocol.ts";
import { type Command, Session } from "./session.ts";

export interface Turn {
  readonly perSecond: number;
  /** Processor time of a call in microseconds, where it can be told. */
  readonly cpuMicros?: number;
  readonly detail: Detail;
}

/** Why there is no turn to take. */
export class NoTurnError extends Error {
  readonly isAbsent: boolean;

  constructor(reason: string, isAbsent: boolean) {
    super(reason);
    this.isAbsent = isAbsent;
  }
}

export interface Player {
  /** Gets ready for turns of about this length. */
  warmUp(variant: string, ms: number): Promise<void>;
  /** A turn, of a part of that length. */
  turn(variant: string, part: number): Promise<Turn>;
  end(): Promise<void>;
}

export async function startPlayer(
  { turns = "calls" }: Scenario,
  command: Command,
  assignment: Assignment,
): Promise<Player> {
  if (turns === "starts") return new Starts(command, assignment);
  const autocannon = turns === "requests" ? await loadAutocannon() : undefined;
  const session = new Session(command, assignment);
  const ready = await session.answer();
  if (ready.answer !== "ready") {
    await session.end();
    throw refusal(ready);
  }
  return autocannon === undefined
    ? new Calls(session, ready.leastCalls)
    : new Requests(session, ready.port!, autocannon);
}

function refusal(answer: Answer): NoTurnError {
  if (answer.answer === "absent") return new NoTurnError(answer.reason, true);
  if (answer.answer === "failed") return new NoTurnError(answer.reason, false);
  return new NoTurnError(`answered "${answer.answer}"`, false);
}

/** As a multiple of the length of a turn. */
const MOST_WARM_UP = 8;
/** A run that takes less than this part of a turn tells no rate: a clock may not even move. */
const LEAST_TELLING = 0.1;
/** A turn that takes less than this part of its time is taken again. */
const LEAST_OF_TURN = 0.25;

/** Calls in the process of a contender, as many as fit into the time of a turn. */
export class Calls implements Player {
  readonly #session: Pick<Session, "order" | "end">;
  readonly #leastCalls: number;
  /** The most calls in a millisecond so far: a stall must not make all turns too short. */
  readonly #fastest = new Map<string, number>();
  #ms = 0;

  constructor(session: Pick<Session, "order" | "end">, leastCalls = 1) {
    this.#session = session;
    this.#leastCalls = leastCalls;
  }

  async warmUp(variant: string, ms: number): Promise<void> {
    this.#ms = ms;
    let calls = this.#leastCalls;
    let totalMs = 0;
    for (let run = 1; totalMs < ms * MOST_WARM_UP; run++) {
      const done = await this.#run(variant, calls);
      totalMs += done.ms;
      const fitting = (this.#fastest.get(variant) ?? 0) * ms;
      // Long enough to have warmed up, and not because the machine was busy with something else.
      if (run > 1 && done.ms >= ms / 2 && done.calls >= fitting / 4) return;
      calls = more(done, ms);
    }
  }

  async turn(variant: string, part: number): Promise<Turn> {
    const wantedMs = this.#ms * part;
    const fitting = Math.round((this.#fastest.get(variant) ?? 0) * wantedMs);
    let done = await this.#run(variant, Math.max(this.#leastCalls, fitting));
    // A stall while it warmed up may have made it look slow.
    while (done.ms < wantedMs * LEAST_OF_TURN) {
      done = await this.#run(variant, more(done, wantedMs));
    }
    return {
      perSecond: done.calls / done.ms * 1_000,
      cpuMicros: done.cpuMs / done.calls * 1_000,
      detail: done.detail,
    };
  }

  async #run(variant: string, calls: number): Promise<Extract<Answer, { answer: "done" }>> {
    const answer = await this.#session.order({ order: "run", variant, calls });
    if (answer.answer !== "done") throw refusal(answer);
    if (answer.ms >= this.#ms * LEAST_TELLING) {
      const callsPerMs = answer.calls / answer.ms;
      this.#fastest.set(variant, Math.max(callsPerMs, this.#fastest.get(variant) ?? 0));
    }
    return answer;
  }

  end(): Promise<void> {
    return this.#session.end();
  }
}

/** A process for each turn. */
class Starts implements Player {
  readonly #command: Command;
  readonly #assignment: Assignment;

  constructor(command: Command, assignment: Assignment) {
    this.#command = command;
    this.#assignment = assignment;
  }

  async warmUp(variant: string): Promise<void> {
    await this.turn(variant);
  }

  async turn(_: string): Promise<Turn> {
    const started = performance.now();
    const session = new Session(this.#command, this.#assignment);
    const ready = await session.answer();
    const ms = performance.now() - started;
    await session.end();
    if (ready.answer !== "ready") throw refusal(ready);
    return { perSecond: 1_000 / ms, detail: { ms } };
  }

  async end(): Promise<void> {}
}

/** How many calls to make next, to get nearer to a time without passing it by far. */
function more({ calls, ms }: { calls: number; ms: number }, wantedMs: number): number {
  const fitting = ms > 0 ? calls / ms * wantedMs : Infinity;
  return Math.ceil(Math.min(calls * 10, Math.max(calls * 2, fitting)));
}

interface Load {
  readonly requests: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly errors: number;
  readonly non2xx: number;
  readonly duration: number;
  readonly "2xx": number;
}

interface RequestSetup {
  readonly method: "GET" | "POST";
  setupRequest(request: object): object;
}

type Autocannon = (options: {
  url: string;
  connections: number;
  duration: number;
  sampleInt: number;
  requests: RequestSetup[];
}) => Promise<Load>;

async function loadAutocannon(): Promise<Autocannon> {
  try {
    return (await load<{ readonly default: Autocannon }>("autocannon")).default;
  } catch (error) {
    if (!(error instanceof AbsentError)) throw error;
    throw new NoTurnError(error.message, true);
  }
}

/** One request in ten writes. */
const REQUESTS = 10;
const CONNECTIONS = 50;
/** Exist at every scale. */
const IDS = 100;

/** Requests from autocannon, in this process. */
class Requests implements Player {
  readonly #session: Session;
  readonly #url: string;
  readonly #autocannon: Autocannon;
  #ms = 0;

  constructor(session: Session, port: number, autocannon: Autocannon) {
    this.#session = session;
    this.#autocannon = autocannon;
    this.#url = `http://127.0.0.1:${port}`;
  }

  async warmUp(variant: string, ms: number): Promise<void> {
    this.#ms = ms;
    await this.turn(variant, 1);
  }

  async turn(_: string, part: number): Promise<Turn> {
    let next = 0;
    const id = (): number => next++ % IDS + 1;
    const requests = Array.from({ length: REQUESTS }, (_, index): RequestSetup =>
      index === 0
        ? {
          method: "POST",
          setupRequest: (request) => ({ ...request, path: `/posts/${id()}/comments` }),
        }
        : { method: "GET", setupRequest: (request) => ({ ...request, path: `/users/${id()}` }) });
    const result = await this.#autocannon({
      url: this.#url,
      connections: CONNECTIONS,
      duration: this.#ms * part / 1_000,
      sampleInt: 100,
      requests,
    });
    if (result.errors + result.non2xx > 0) {
      throw new NoTurnError(`${result.errors + result.non2xx} requests failed`, false);
    }
    const { p50, p99 } = result.latency;
    return { perSecond: result["2xx"] / result.duration, detail: { p50, p99 } };
  }

  end(): Promise<void> {
    return this.#session.end();
  }
}
