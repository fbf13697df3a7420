/**
 * A primary and its replicas: who is asked, and what a reader may count on.
 *
 * A replica that is told an index waits until it has got that far: that is all that read-your-writes
 * and monotonic reads need, as long as it follows the log that the primary writes now.
 *
 * @module
 */

import { type Clock, type Environment, pause } from "../platform/clock.ts";
import { alone, type Followers } from "./cluster/alone.ts";
import { RequestFailure } from "./hrana/request_failure.ts";
import { type Reply, Server, type Transport } from "./hrana/server.ts";
import { indexIn, ranHere } from "./hrana/wire.ts";
import { type Answer, type Consistency, Log, type Sent } from "./position.ts";

/** One server that does not answer is not waited for longer when there are others. */
const REACH_MS = 1_000;
/** Between two rounds over all servers. */
const FIRST_PAUSE_MS = 20;
/** A replica that is used by itself and has not caught up by then never will. */
const CATCH_UP_MS = 5_000;
/** Limit for the first look at the servers. */
const OPEN_MS = 5_000;

/** Where the servers of a database are. */
export interface ClusterUrls {
  readonly primary: URL;
  readonly replicas: readonly URL[];
}

/** Creates what only servers with replicas need. */
export type MakeFollowers = (
  primary: Server,
  replicas: readonly Server[],
  log: Log,
  environment: Environment,
) => Followers;

/** Loads the code for replicas, if there are any. */
export async function loadFollowing(urls: ClusterUrls): Promise<MakeFollowers | undefined> {
  if (urls.replicas.length === 0) return undefined;
  const { Following } = await import("./cluster/following.ts");
  return (...servers) => new Following(...servers);
}

/** The servers of one database. */
export class Cluster {
  /** The primary first. */
  readonly servers: readonly Server[];
  readonly primary: Server;
  readonly replicas: readonly Server[];
  readonly #environment: Environment;
  readonly #replicaWaitMs: number;
  readonly #following: Followers;
  readonly log: Log;
  /** Reads that a replica did not answer in time. */
  fallbacks = 0;

  /**
   * @param log what is known of the primary's log; another cluster may share it.
   * @param makeFollowers the result of {@linkcode loadFollowing} for these servers.
   */
  constructor(
    { primary, replicas }: ClusterUrls,
    transport: Transport,
    replicaWaitMs: number,
    log: Log = new Log(),
    makeFollowers?: MakeFollowers,
  ) {
    this.log = log;
    this.#environment = transport.environment;
    this.#replicaWaitMs = replicaWaitMs;
    const onUp = (server: Server): void => this.#following.returned(server);
    this.primary = new Server(primary, "primary", transport, onUp);
    this.replicas = replicas.map((url) => new Server(url, "replica", transport, onUp));
    this.servers = [this.primary, ...this.replicas];
    this.#following = makeFollowers === undefined
      ? alone(log)
      : makeFollowers(this.primary, this.replicas, log, this.#environment);
  }

  get #clock(): Clock {
    return this.#environment.clock;
  }

  /**
   * Looks for the servers.
   *
   * @throws {RequestFailure} when none answers, or the primary refuses.
   */
  async open(): Promise<void> {
    const [primary, ...replicas] = await Promise.allSettled(
      this.servers.map((server) => server.probe(0, OPEN_MS)),
    );
    [primary, ...replicas].forEach((probed, i) => {
      if (probed.status === "rejected") this.servers[i].markDown();
    });
    if (primary.status === "fulfilled") {
      this.log.index = primary.value.index;
      replicas.forEach((probed, i) => {
        if (probed.status === "fulfilled") this.#following.opened(this.replicas[i], probed.value);
      });
      this.#following.prove();
      return;
    }
    const { reason: failure } = primary;
    const isAway = failure instanceof RequestFailure && failure.isPassing;
    if (isAway && replicas.some(({ status }) => status === "fulfilled")) return;
    this.close();
    throw failure;
  }

  /** How many servers can take reads at once. */
  readers(consistency: Consistency): number {
    return Math.max(1, this.#candidates(consistency).length);
  }

  /**
   * Sends reads to the server that has the least to do, and to others when that one fails.
   *
   * @param encode makes the requests, given what a replica has to wait for.
   * @param required what the readers have seen of the log.
   * @param signal aborts when nobody waits any longer.
   * @throws {RequestFailure} when no server can be reached, or one refuses.
   */
  async read(
    encode: (index: number) => readonly string[],
    consistency: Consistency,
    required: () => number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const startedAt = this.#clock.now();
    const tried = new Set<Server>();
    for (let pauseMs = FIRST_PAUSE_MS;;) {
      const server = this.#next(consistency, tried);
      if (server === undefined) {
        await this.pause(pauseMs);
        pauseMs *= 2;
        tried.clear();
        continue;
      }
      tried.add(server);
      try {
        return await this.#ask(server, encode, consistency === "session" ? required() : 0, signal);
      } catch (failure) {
        if (!(failure instanceof RequestFailure) || !failure.isPassing) throw failure;
        if (signal.aborted) throw failure;
        this.#failed(server, failure);
        const isHopeless = this.#next(consistency, tried) === undefined &&
          failure.kind !== "stuck" && !failure.isFull && this.#clock.now() - startedAt > REACH_MS;
        if (isHopeless) throw failure;
      }
    }
  }

  /**
   * Sends writes to the primary. A connection that is refused is tried again for a moment, so that
   * a restart goes unnoticed; a primary that has been away for longer is not waited for.
   *
   * @throws {RequestFailure} as it is: whether the writes may run again is for the caller to say.
   */
  async write(requests: readonly string[], signal: AbortSignal): Promise<Answer> {
    const { primary } = this;
    for (let pauseMs = FIRST_PAUSE_MS;; pauseMs *= 2) {
      this.expectPrimary();
      const sent = this.sent();
      try {
        return this.answered(await primary.send(requests, signal), sent);
      } catch (error) {
        if (!(error instanceof RequestFailure) || !error.isPassing) throw error;
        if (signal.aborted) this.suspectPrimary();
        else this.#failed(primary, error);
        if (!error.isHarmless || signal.aborted) throw error;
      }
      await this.pause(pauseMs);
      if (signal.aborted) throw new RequestFailure("refused", primary.origin, "nothing was sent");
    }
  }

  /** @throws {RequestFailure} when the primary has been away for a while. */
  expectPrimary(): void {
    const { origin, downMs } = this.primary;
    if (downMs <= REACH_MS) return;
    throw new RequestFailure(
      "refused",
      origin,
      `it has been away for ${Math.round(downMs)} ms, and is probed until it is back`,
    );
  }

  /** What is known of the primary's log when a request is sent to it. */
  sent(): Sent {
    return this.#following.sent();
  }

  /** Takes note of what the primary has answered. */
  answered({ results }: Reply, sent: Sent, wait: number = 0): Answer {
    const index = indexIn(results);
    const generation = index === undefined ? -1 : this.#following.primaryAt(index, sent);
    return { results, index: index ?? 0, wait, generation };
  }

  /** A request to the primary failed, or nobody waited for it any longer. */
  suspectPrimary(): void {
    this.#following.doubt();
    this.primary.probe().catch(() => this.primary.markDown());
  }

  pause(ms: number): Promise<void> {
    return pause(this.#clock, ms);
  }

  close(): void {
    this.#following.close();
    for (const server of this.servers) server.close();
  }

  /** Those who may answer, the one with the least to do first; without replicas the primary. */
  #candidates(consistency: Consistency): Server[] {
    if (consistency !== "strong") {
      const replicas = this.replicas.filter((server) =>
        server.isUp && (consistency === "eventual" || this.#following.mayAnswer(server))
      );
      if (replicas.length > 0) return replicas.sort((a, b) => a.inFlight - b.inFlight);
    }
    return this.primary.isUp ? [this.primary] : [];
  }

  /** Whom to ask next. The primary comes last, and is asked even when it seems to be away. */
  #next(consistency: Consistency, tried: ReadonlySet<Server>): Server | undefined {
    return [...this.#candidates(consistency), this.primary].find((server) => !tried.has(server));
  }

  async #ask(
    server: Server,
    encode: (index: number) => readonly string[],
    wait: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const sent = this.sent();
    const reply = await this.#watch(server, encode(wait), wait, signal);
    if (server === this.primary) {
      const answer = this.answered(reply, sent, wait);
      return { ...answer, index: this.log.shownBy(answer) };
    }
    const { results } = reply;
    const index = indexIn(results) ?? 0;
    // A replica that begins to follow another log stops waiting, and answers from wherever it is.
    if (index < wait) throw new RequestFailure("stuck", server.origin, "it has fallen behind");
    if (wait > 0 && ranHere(results)) this.#following.replicaAt(server, index, sent);
    return { results, index, wait, generation: sent.generation };
  }

  /**
   * Sends a request and keeps an eye on it. A server that is silent is asked for next to nothing:
   * if it answers that, the statement itself takes its time; if not, it hangs or has fallen behind.
   */
  async #watch(
    server: Server,
    requests: readonly string[],
    wait: number,
    signal: AbortSignal,
  ): Promise<Reply> {
    const attempt = new AbortController();
    const giveUp = (): void => attempt.abort();
    signal.addEventListener("abort", giveUp);
    const isAlone = this.replicas.length === 0;
    const check = async (): Promise<void> => {
      try {
        await server.probe(wait, this.#replicaWaitMs);
      } catch {
        if (!isAlone) giveUp();
        // A replica that is used by itself: nobody else can say whether its log is another one.
        else if (await server.isAnswering()) {
          this.#following.logBegan();
          giveUp();
        }
      }
    };
    const patienceMs = isAlone ? CATCH_UP_MS : this.#replicaWaitMs;
    const isWatched = isAlone ? wait > 0 : server !== this.primary;
    const timer = isWatched
      ? this.#clock.schedule(() => void check(), patienceMs, "keeps process alive")
      : undefined;
    try {
      return await server.send(requests, attempt.signal);
    } finally {
      this.#clock.cancel(timer);
      signal.removeEventListener("abort", giveUp);
    }
  }

  #failed(server: Server, { kind }: RequestFailure): void {
    if (server === this.primary) this.#following.doubt();
    else this.fallbacks += 1;
    if (kind === "refused" || kind === "lost") {
      server.markDown();
    } else if (kind === "stuck" && server !== this.primary) {
      // It may only have fallen behind.
      this.#following.doubt(server);
      server.probe().catch(() => server.markDown());
    }
  }
}
