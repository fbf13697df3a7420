/**
 * One thing that a pool does for a caller, and those who are told of it.
 *
 * @module
 */

import type { Clock } from "../../platform/clock.ts";

/**
 * Where a statement runs: in the thread of its caller, in a thread or process of its own, on a server,
 * or at the edge.
 */
export type Place = "inline" | "worker" | "process" | "server" | "edge";

/** What a connection of a database is for. */
export type Role = "reader" | "writer";

/** What can be observed. */
export type OperationKind = "query" | "transaction" | "acquire";

/** What is told of an operation: never parameters, nor values of rows. */
export interface OperationContext {
  /** The text of the statement, or of the one that begins the transaction. */
  readonly sql: string | undefined;
  /** The name of the pool or database. */
  readonly name: string | undefined;
  /** `undefined` for pools, whose connections do both. */
  readonly role: Role | undefined;
  readonly place: Place;
  /** How many rows came back; `undefined` before the end, and after a failure. */
  rows: number | undefined;
  /** What it failed with; absent as long as it has not. */
  error?: unknown;
}

/** An operation as observers see it. */
export interface Observed {
  readonly kind: OperationKind;
  readonly context: OperationContext;
  /** How long it has run, in milliseconds. */
  readonly ms: number;
  /** Whether it has failed. An error may be any value. */
  readonly failed: boolean;
}

/** Somebody who is told of operations. What it does must not throw. */
export interface Observer {
  readonly kinds: readonly OperationKind[];
  /** Makes the call that begins the operation, where it may set an async context. */
  enter?<S>(operation: Observed, call: () => S): S;
  ended(operation: Observed): void;
  /** Called instead of `ended` if it did not run after all. */
  canceled?(operation: Observed): void;
}

/** What has to be known of a pool to tell of its operations. */
export interface Watched {
  readonly clock: Clock;
  /** Those who are told of operations of a kind, but for subscribers of channels. */
  observersOf(kind: OperationKind): Observer[];
  /** What is told of an operation when it begins. */
  contextOf(sql: string | undefined): OperationContext;
}

/** An operation on its way. */
export class Operation implements Observed {
  readonly kind: OperationKind;
  readonly context: OperationContext;
  readonly #clock: Clock;
  readonly #observers: readonly Observer[];
  #ms = 0;
  #rows: number | undefined;
  /** Since when it runs; `undefined` while it does not. */
  #runningSince: number | undefined;
  #phase: "under way" | "over" = "under way";

  constructor(
    kind: OperationKind,
    context: OperationContext,
    clock: Clock,
    observers: readonly Observer[],
  ) {
    this.kind = kind;
    this.context = context;
    this.#clock = clock;
    this.#observers = observers;
    this.#runningSince = clock.now();
  }

  /** How long it has run, in milliseconds. */
  get ms(): number {
    const since = this.#runningSince;
    return since === undefined ? this.#ms : this.#ms + this.#clock.now() - since;
  }

  /** Whether it has failed. An error may be any value. */
  get failed(): boolean {
    return "error" in this.context;
  }

  /** Makes the call that begins it. */
  enter<S>(call: () => S): S {
    let next = call;
    for (const observer of this.#observers) {
      const inner = next;
      if (observer.enter !== undefined) next = () => observer.enter!(this, inner);
    }
    return next();
  }

  /** Its time runs, from 0: what was undone to be run again does not count. */
  restart(): void {
    this.#ms = 0;
    this.#runningSince = this.#clock.now();
  }

  /** Its time runs on. */
  resume(): void {
    this.#runningSince = this.#clock.now();
  }

  /** Its time stands still. */
  pause(): void {
    this.#ms = this.ms;
    this.#runningSince = undefined;
  }

  /** So many rows have come back, which is told at the end. */
  count(rows: number): void {
    this.#rows = rows;
  }

  /** It is over, and has worked. The first end counts. */
  end(): void {
    if (this.#phase === "under way") this.#tell();
  }

  /** It is over, and has failed. */
  fail(error: unknown): void {
    if (this.#phase === "over") return;
    this.context.error = error;
    this.#tell();
  }

  /** Ends an operation that did not run after all, because of a failure elsewhere. */
  cancel(error: unknown): void {
    if (this.#phase === "over") return;
    this.context.error = error;
    this.#close();
    for (const observer of this.#observers) observer.canceled?.(this);
  }

  #tell(): void {
    this.#close();
    for (const observer of this.#observers) observer.ended(this);
  }

  #close(): void {
    this.#phase = "over";
    this.context.rows = this.#rows;
    this.pause();
  }
}
