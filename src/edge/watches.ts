/**
 * Hooks and instrumentation of databases at the edge.
 *
 * A Worker is a single file and can load nothing on demand, so this is smaller than the code of other
 * places. It has no channels, since few Workers could subscribe to them.
 *
 * @module
 */

import type { Observed, Observer, OperationKind } from "../connections/observation/operation.ts";
import type { ObservationOptions } from "../connections/observation/options.ts";
import { tellHooks } from "../connections/observation/statement_hook.ts";
import type { WatchedDatabase } from "../connections/observation/watch.ts";
import { systemEnvironment } from "../platform/clock.ts";
import type { ResultSet } from "../sqlite/types.ts";

/** Options of hooks, and the name that they receive. */
export interface WatchOptions extends ObservationOptions {
  /** What error messages, metrics and traces call it. */
  name?: string;
}

/** Their names. */
export const WATCH_OPTION_NAMES: readonly string[] = [
  ...["name", "onStatement", "slowStatementMs", "onWarning"],
];

/** Called with the result of each statement of a batch. */
export type Ran = (index: number, result: ResultSet<unknown>) => void;

/** An operation in progress. */
type EdgeOperation = { -readonly [K in keyof Observed]: Observed[K] } & {
  readonly since: number;
  rows: number | undefined;
  phase: "under way" | "over";
};

type Access = "read" | "write";

const { clock } = systemEnvironment;

/** The observers of a database. */
export class Watches implements WatchedDatabase {
  readonly name: string | undefined;
  readonly watches: WatchedDatabase["watches"] = [this];
  readonly #observers: Observer[] = [];

  constructor(options: WatchOptions) {
    this.name = options.name;
    const { onStatement, slowStatementMs } = options;
    if (onStatement === undefined && slowStatementMs === undefined) return;
    this.add({ kinds: ["query"], ended: (operation) => tellHooks(options, operation) });
  }

  /** Adds an observer, which stays. */
  add(observer: Observer): void {
    this.#observers.push(observer);
  }

  /** Whether there are observers. */
  get isWatched(): boolean {
    return this.#observers.length > 0;
  }

  /** Runs a call and reports it as an operation. */
  around<S>(
    kind: OperationKind,
    access: Access,
    sql: string,
    call: (operation?: EdgeOperation) => Promise<S>,
  ): Promise<S> {
    return this.isWatched ? this.#around(kind, access, sql, call) : call();
  }

  async #around<S>(
    kind: OperationKind,
    access: Access,
    sql: string,
    call: (operation: EdgeOperation) => Promise<S>,
  ): Promise<S> {
    const operation = this.#begin(kind, access, sql);
    let next = (): Promise<S> => call(operation);
    for (const observer of this.#of(kind)) {
      const inner = next;
      if (observer.enter !== undefined) next = () => observer.enter!(operation, inner);
    }
    try {
      const result = await next();
      this.#end(operation);
      return result;
    } catch (error) {
      this.#end(operation, { error });
      throw error;
    }
  }

  /** Passes on the rows of a statement and reports it when they end. */
  rows<T>(rows: AsyncIterableIterator<T>, sql: string): AsyncIterableIterator<T> {
    return this.isWatched ? this.#rows(rows, sql) : rows;
  }

  async *#rows<T>(rows: AsyncIterableIterator<T>, sql: string): AsyncGenerator<T, undefined> {
    const operation = this.#begin("query", "read", sql);
    operation.rows = 0;
    try {
      for await (const row of rows) {
        operation.rows += 1;
        yield row;
      }
    } catch (error) {
      this.#end(operation, { error });
      throw error;
    } finally {
      this.#end(operation);
    }
  }

  /** Runs a call that sends a batch as a whole, and reports its statements. */
  batch<S>(
    statements: readonly { readonly sql: string }[],
    call: (ran: Ran) => Promise<S>,
  ): Promise<S> {
    if (!this.isWatched) return call(() => {});
    return this.#around("transaction", "write", "BEGIN IMMEDIATE", async () => {
      const operations = statements.map(({ sql }) => this.#begin("query", "write", sql));
      try {
        const result = await call((index, { rows }) => operations[index].rows = rows.length);
        for (const operation of operations) this.#end(operation);
        return result;
      } catch (error) {
        const { index } = error as { readonly index?: number };
        operations.forEach((operation, i) => {
          // Statements after the failed one have not run. D1 does not report which one failed.
          if (index === undefined || i === index) this.#end(operation, { error });
          else if (i < index) this.#end(operation);
        });
        throw error;
      }
    });
  }

  #of(kind: OperationKind): Observer[] {
    return this.#observers.filter(({ kinds }) => kinds.includes(kind));
  }

  #begin(kind: OperationKind, access: Access, sql: string): EdgeOperation {
    const role = access === "read" ? "reader" : "writer";
    const context = { sql, name: this.name, role, place: "edge", rows: undefined } as const;
    const since = clock.now();
    return { kind, context, ms: 0, failed: false, since, rows: undefined, phase: "under way" };
  }

  /** Ends an operation, once. */
  #end(operation: EdgeOperation, failure?: { readonly error: unknown }): void {
    const { context, kind, rows, since } = operation;
    if (operation.phase === "over") return;
    operation.phase = "over";
    // The clock of a Worker does not advance while it computes.
    operation.ms = clock.now() - since;
    context.rows = rows;
    if (failure !== undefined) context.error = failure.error;
    operation.failed = failure !== undefined;
    for (const observer of this.#of(kind)) observer.ended(operation);
  }
}
