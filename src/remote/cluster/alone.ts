/**
 * A server without replicas, where nothing has to be proven.
 *
 * @module
 */

import type { Probed, Server } from "../hrana/server.ts";
import type { Log, Sent } from "../position.ts";

/** Keeps track of the logs of the servers; with replicas, `Following` implements it. */
export interface Followers {
  opened(server: Server, probed: Probed): void;
  mayAnswer(server: Server): boolean;
  sent(): Sent;
  primaryAt(index: number, sent: Sent): number;
  replicaAt(server: Server, index: number, sent: Sent): void;
  logBegan(): void;
  doubt(server?: Server): void;
  returned(server: Server): void;
  prove(): void;
  close(): void;
}

const nothing = (): void => {};

/** @param log the known state of the server's log. */
export function alone(log: Log): Followers {
  return {
    mayAnswer: () => false,
    // It may be a replica that is used by itself, which passes writes on and lags behind.
    sent: () => ({ index: 0, generation: log.generation }),
    primaryAt: (index, sent) => log.primaryAt(index, sent),
    logBegan: () => log.begin(),
    ...{ opened: nothing, replicaAt: nothing, doubt: nothing, returned: nothing },
    ...{ prove: nothing, close: nothing },
  };
}
