/**
 * Whether anybody watches what a pool does: hooks of the user, subscribers of channels, or
 * instrumentation. How they are told is loaded when somebody does.
 *
 * @module
 */

import type { Clock } from "../../platform/clock.ts";
import type { PoolHooks } from "../../pool/hooks.ts";
import { OnDemand } from "../../pool/on_demand.ts";
import type { WaitCounters } from "../../pool/stats.ts";
import { hasSubscribers, releases } from "./channels.ts";
import type {
  Observed,
  Observer,
  Operation,
  OperationContext,
  OperationKind,
} from "./operation.ts";
import type { Place, Role, Watched } from "./operation.ts";
import type { StatementHooks } from "./statement_hook.ts";

/** How those who watch are told. */
export const telling: OnDemand<typeof import("./telling.ts")> = new OnDemand(
  "The code of hooks and tracing channels",
  () => import("./telling.ts"),
);

/** Whose operations they are. */
export interface Identity {
  readonly name: string | undefined;
  readonly role: Role | undefined;
}

/** What instrumentation adds itself to, of a database whose pools come later or not at all. */
export interface WatchedDatabase {
  readonly name: string | undefined;
  readonly watches: readonly { add(observer: Observer): void }[];
  /** Calls with each pool that the database has. */
  readonly onPool?: (listener: (pool: WatchedPool) => void) => void;
}

/** A pool, as far as it is measured. */
export interface WatchedPool {
  /** The pool with its hooks, and the counters of waits that `stats` adds up. */
  readonly instruments: {
    readonly pool: { hooks: PoolHooks };
    readonly waits: readonly WaitCounters[];
  };
}

/** Who watches a pool. Ask whether somebody does before anything is done for them. */
export class Watch implements Watched {
  readonly clock: Clock;
  readonly #identity: Identity;
  /** Where its connections live, which shows when there is one. */
  place: Place;
  readonly #observers: Observer[] = [];

  constructor(clock: Clock, identity: Identity, place: Place, hooks: StatementHooks) {
    this.clock = clock;
    this.#identity = identity;
    this.place = place;
    if (hooks.onStatement === undefined && hooks.slowStatementMs === undefined) return;
    const ended = (operation: Observed): void => telling.now!.tellHooks(hooks, operation);
    this.add({ kinds: ["query"], ended });
  }

  /** Tells one more, for good. */
  add(observer: Observer): void {
    this.#observers.push(observer);
  }

  observersOf(kind: OperationKind): Observer[] {
    return this.#observers.filter(({ kinds }) => kinds.includes(kind));
  }

  /** Whether anybody watches operations of a kind. Asked with every call. */
  sees(kind: OperationKind): boolean {
    return this.#observers.length > 0 || hasSubscribers(kind);
  }

  /** Whether anybody watches statements, or how connections are acquired for them. */
  get seesStatements(): boolean {
    return this.#observers.length > 0 || hasSubscribers("query") || hasSubscribers("acquire");
  }

  /** Whether anybody watches how connections are acquired. */
  get seesLoans(): boolean {
    return this.sees("acquire");
  }

  /** Whether anybody is told of releases. */
  get seesReleases(): boolean {
    return releases.hasSubscribers;
  }

  /** What to wait for before a query can be told; `undefined` if there is nothing. */
  get loading(): Promise<unknown> | undefined {
    return telling.now === undefined && this.sees("query") ? telling.load() : undefined;
  }

  /** Makes a call that is an operation. The call is made later when there is something to load. */
  async around<S>(
    kind: OperationKind,
    sql: string | undefined,
    call: (operation: Operation) => Promise<S>,
  ): Promise<S> {
    const { around } = telling.now ?? await telling.load();
    return await around(this, kind, sql, call);
  }

  /** A connection has come back. */
  released(): void {
    releases.publish(this.contextOf(undefined));
  }

  contextOf(sql: string | undefined): OperationContext {
    return { sql, ...this.#identity, place: this.place, rows: undefined };
  }
}
