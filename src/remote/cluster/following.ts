/**
 * Which replicas follow the log that the primary writes now.
 *
 * After a crash the primary begins another log, whose indices start anew, and no answer names the
 * log that it is of. A replica reconnects after a while. Until then it answers from the old log, and
 * may go on to apply what it had received of it. So a replica that is in doubt is not asked until it
 * is proven to follow:
 *
 * - Only answers of its own count. While a replica is behind, it passes statements on to the primary,
 *   and the answer says nothing about the replica.
 * - Having waited for the primary's index, it must not be ahead of the primary's next one.
 * - For a while after a log has begun, its own index must also have fallen. By the end of that time
 *   replicas have reconnected, and have nothing left of the old log that they could still apply.
 *
 * @module
 */

import type { Clock, Environment } from "../../platform/clock.ts";
import { Backoff } from "../../pool/backoff.ts";
import type { Followers } from "./alone.ts";
import type { Probed, Server } from "../hrana/server.ts";
import type { Log, Sent } from "../position.ts";

/** Replicas reconnect within seconds. One that was seen to do so is used earlier. */
const SETTLED_MS = 15_000;

interface Replica {
  readonly server: Server;
  follows: boolean;
  /** The log that it was last proven to follow. */
  generation: number;
  /** How far it had got itself when it last answered as one that follows. */
  index: number;
  /** It had got so far in another log than the present one; 0 when that is not known. */
  oldIndex: number;
}

/** Proves that replicas follow the primary. */
export class Following implements Followers {
  readonly #primary: Server;
  readonly #replicas: ReadonlyMap<Server, Replica>;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #logBeganAt = -Infinity;
  #state: "idle" | "proving" | "closed" = "idle";

  constructor(
    primary: Server,
    replicas: readonly Server[],
    log: Log,
    environment: Environment,
  ) {
    this.#primary = primary;
    this.#replicas = new Map(
      replicas.map((server) => [
        server,
        { server, follows: false, generation: -1, index: 0, oldIndex: 0 },
      ]),
    );
    this.#log = log;
    this.#clock = environment.clock;
    this.#backoff = new Backoff(environment);
  }

  /** A replica that is exactly where the primary is need not prove more, so that reads begin there. */
  opened(server: Server, { index, isOwn }: Probed): void {
    if (isOwn && index === this.#log.index) this.#follows(this.#replicas.get(server)!, index);
  }

  /** Whether a replica may answer those who must not go back in time. */
  mayAnswer(server: Server): boolean {
    const { follows, generation } = this.#replicas.get(server)!;
    if (follows) return true;
    // With the primary gone, no more can be known than that it followed before. If the primary was
    // never there, nobody has seen anything yet.
    return !this.#primary.isUp && (generation === this.#log.generation || this.#log.index === 0);
  }

  /** What is known of the primary's log when a request is sent to it. */
  sent(): Sent {
    const { index, generation } = this.#log;
    return { index, generation };
  }

  /** The primary has answered. Returns the generation of the log that the answer is of. */
  primaryAt(index: number, sent: Sent): number {
    const before = this.#log.generation;
    const generation = this.#log.primaryAt(index, sent);
    if (this.#log.generation !== before) this.#logBegan();
    return generation;
  }

  /** A replica that followed when it was asked has answered by itself. */
  replicaAt(server: Server, index: number, sent: Sent): void {
    const replica = this.#replicas.get(server)!;
    if (sent.generation === replica.generation) replica.index = Math.max(replica.index, index);
  }

  /** A server used by itself has answered as if its log were another one. */
  logBegan(): void {
    this.#log.begin();
    this.#logBegan();
  }

  /** Leaves a replica out, or all of them, until they are proven to follow. */
  doubt(server?: Server): void {
    for (const replica of this.#replicas.values()) {
      if (server === undefined || replica.server === server) replica.follows = false;
    }
    this.prove();
  }

  /** A server is back. */
  returned(server: Server): void {
    this.#backoff.cancel();
    this.#backoff.reset();
    this.doubt(server === this.#primary ? undefined : server);
  }

  /** Takes in replicas that follow, now and as often as it takes. */
  prove(): void {
    if (this.#state !== "idle" || this.#backoff.waiting) return;
    const doubtful = [...this.#replicas.values()].filter(({ server, follows }) =>
      server.isUp && !follows
    );
    if (doubtful.length === 0) {
      this.#backoff.reset();
      return;
    }
    this.#state = "proving";
    void Promise.all(doubtful.map((replica) => this.#prove(replica))).then(() => {
      if (this.#state === "closed") return;
      this.#state = "idle";
      this.#backoff.retry(() => this.prove());
    });
  }

  close(): void {
    this.#state = "closed";
    this.#backoff.cancel();
  }

  #logBegan(): void {
    this.#logBeganAt = this.#clock.now();
    for (const replica of this.#replicas.values()) {
      const followedTheLast = replica.generation === this.#log.generation - 1;
      replica.oldIndex = followedTheLast ? replica.index : 0;
    }
    this.doubt();
  }

  async #prove(replica: Replica): Promise<void> {
    try {
      const before = await this.#primaryIndex();
      const { generation } = this.#log;
      const { index, isOwn } = await replica.server.probe(before);
      const after = await this.#primaryIndex();
      if (!isOwn || generation !== this.#log.generation) return;
      const hasFallen = index < replica.oldIndex;
      const isSettled = this.#clock.now() - this.#logBeganAt >= SETTLED_MS;
      if (index < before || index > after || !(hasFallen || isSettled)) {
        replica.oldIndex = Math.max(replica.oldIndex, index);
        return;
      }
      this.#follows(replica, index);
    } catch {
      // Whoever is down is probed until it is back, and then has to prove this again.
    }
  }

  #follows(replica: Replica, index: number): void {
    const { generation } = this.#log;
    Object.assign(replica, { follows: true, generation, index, oldIndex: 0 });
  }

  async #primaryIndex(): Promise<number> {
    const sent = this.sent();
    const { index } = await this.#primary.probe();
    this.primaryAt(index, sent);
    return index;
  }
}
