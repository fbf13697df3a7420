/**
 * Writes: those that meet share a transaction, which is one request.
 *
 * A group begins, runs each write if its transaction is still open, and commits. A write that fails
 * changes nothing and stops nobody. If the transaction is lost as a whole (INSERT OR ROLLBACK, a
 * deferred constraint), its writes run again one by one, so that only the guilty one fails.
 *
 * @module
 */

import type { Clock } from "../platform/clock.ts";
import { type Call, Flight } from "./call.ts";
import type { Cluster } from "./cluster.ts";
import type { Answer, Position } from "./position.ts";
import { Coalescer } from "./coalescer.ts";
import { serverError, transactionEnded } from "./hrana/errors.ts";
import { loadExplain } from "./hrana/explain.ts";
import { isBusyReply, RequestFailure } from "./hrana/request_failure.ts";
import { withStatement } from "../sqlite/errors.ts";
import type { SQLiteValue } from "../sqlite/types.ts";
import {
  afterStep,
  CLOSE,
  encodeBatch,
  encodeStatement,
  encodeStep,
  IN_TRANSACTION,
  plain,
  type WireBatch,
  type WireError,
  type WireReply,
  type WireResult,
} from "./hrana/wire.ts";

/** Most writes in one transaction. */
const MOST_TOGETHER = 250;
const BUSY_PAUSE_MS = 20;

const BEGIN = encodeStep(encodeStatement(plain("BEGIN IMMEDIATE"), [], false));
const COMMIT = encodeStatement(plain("COMMIT"), [], false);
const ROLLBACK = encodeStep(encodeStatement(plain("ROLLBACK"), [], false), IN_TRANSACTION);

/** One statement, encoded. */
export interface EncodedStatement {
  readonly sql: string;
  readonly encoded: string;
  /** To keep them out of errors. */
  readonly values: readonly SQLiteValue[];
}

/**
 * One call that writes: a statement that may share a transaction, one that runs by itself, several
 * in a transaction of their own, or a script.
 */
export interface Write {
  readonly call: Call;
  readonly kind: "shared" | "alone" | "together" | "script";
  readonly statements: readonly EncodedStatement[];
  /** For a script: what is sent in place of statements. */
  readonly requests: readonly string[];
  readonly position: Position;
  /** Whether it may run again when its answer was lost. */
  readonly retry: boolean;
  /** Makes what the caller gets; may throw. */
  readonly decode: (results: readonly WireResult[]) => unknown;
}

/** Sends writes, one request at a time: there is one writer. */
export class Writes {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #busyTimeoutMs: number;
  readonly #queue: Coalescer<Write>;
  /** Writes that the server found the database locked for, and that were sent again. */
  busyRetries = 0;

  constructor(cluster: Cluster, clock: Clock, busyTimeoutMs: number) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#queue = new Coalescer({
      clock,
      most: MOST_TOGETHER,
      flights: () => 1,
      mostFlights: 1,
      joins: ({ kind }) => kind === "shared",
      send: (writes) => this.#send(writes),
    });
  }

  add(write: Write): void {
    this.#queue.add(write);
  }

  async #send(all: readonly Write[]): Promise<void> {
    const writes = all.filter(({ call }) => call.waiting);
    if (writes.length > 1) await this.#sendTogether(writes);
    else await this.#sendOneByOne(writes);
  }

  async #sendOneByOne(writes: readonly Write[]): Promise<void> {
    for (const write of writes) {
      if (write.call.waiting) await this.#sendAlone(write);
    }
  }

  async #sendAlone(write: Write): Promise<void> {
    const { call, kind, statements } = write;
    const requests = kind === "script"
      ? write.requests
      : [encodeBatch(kind === "together" ? transactionOf(statements) : stepsOf(statements))];
    // What came before in a script may have taken effect.
    const isBusy = (reply: WireReply): boolean =>
      kind !== "script" && isBusyReply(errorOf(reply, 0));
    const answer = await this.#ask([write], [...requests, CLOSE], isBusy);
    if (answer === undefined) return;
    this.#cluster.log.observe(write.position, answer);
    try {
      call.accept(write.decode(resultsOf(write, answer.results)));
    } catch (error) {
      call.fail(error);
    }
  }

  async #sendTogether(writes: readonly Write[]): Promise<void> {
    const steps = writes.map(({ statements: [{ encoded }] }) =>
      encodeStep(encoded, IN_TRANSACTION)
    );
    const batch = encodeBatch([BEGIN, ...steps, encodeStep(COMMIT, IN_TRANSACTION), ROLLBACK]);
    const answer = await this.#ask(
      writes,
      [batch, CLOSE],
      (reply) => isBusyReply(errorOf(reply, 0)),
    );
    if (answer === undefined) return;
    const [reply] = answer.results;
    const committed = reply.type === "ok" &&
      (reply.response.result as WireBatch).step_results[writes.length + 1] !== null;
    if (!committed) {
      // Nothing of it is kept.
      await this.#sendOneByOne(writes);
      return;
    }
    const { step_results: results, step_errors: errors } = reply.response.result as WireBatch;
    writes.forEach(({ call, statements: [{ values }], decode, position }, i) => {
      const result = results[i + 1];
      this.#cluster.log.observe(position, answer);
      try {
        if (!result) throw serverError(errors[i + 1] ?? { message: "no result" }, values);
        call.accept(decode([result]));
      } catch (error) {
        call.fail(error);
      }
    });
  }

  /** Sends a request until it is not the database that is locked; `undefined` when it failed. */
  async #ask(
    writes: readonly Write[],
    requests: readonly string[],
    isBusy: (reply: WireReply) => boolean,
  ): Promise<Answer | undefined> {
    const { signal } = new Flight(writes.map(({ call }) => call));
    const until = this.#clock.now() + this.#busyTimeoutMs;
    for (;;) {
      try {
        const answer = await this.#cluster.write(requests, signal);
        if (!isBusy(answer.results[0]) || this.#clock.now() >= until || signal.aborted) {
          return answer;
        }
      } catch (error) {
        const again = await this.#failed(writes, error);
        if (!again) return undefined;
      }
      this.busyRetries += 1;
      await this.#cluster.pause(BUSY_PAUSE_MS);
    }
  }

  /** Ends the callers, but for those whose write may run again: whether there are any. */
  async #failed(writes: readonly Write[], error: unknown): Promise<boolean> {
    const lost = error instanceof RequestFailure && !error.isHarmless;
    const mayRetry = lost && writes.every(({ retry }) => retry) &&
      writes.some(({ call }) => call.waiting);
    if (mayRetry) return true;
    const explain = await loadExplain();
    for (const { call } of writes) call.fail(explain(error, lost ? "unknown" : "unchanged"));
    return false;
  }
}

function stepsOf(statements: readonly EncodedStatement[]): string[] {
  return statements.map(({ encoded }) => encodeStep(encoded));
}

/** Each step only after the one before; the first that fails undoes all of them. */
function transactionOf(statements: readonly EncodedStatement[]): string[] {
  const steps = statements.map(({ encoded }, i) =>
    encodeStep(encoded, `{"type":"and","conds":[${afterStep(i)},${IN_TRANSACTION}]}`)
  );
  const commit = `{"type":"and","conds":[${afterStep(statements.length)},${IN_TRANSACTION}]}`;
  return [BEGIN, ...steps, encodeStep(COMMIT, commit), ROLLBACK];
}

function errorOf(reply: WireReply, step: number): WireError | null | undefined {
  if (reply.type === "error") return reply.error;
  const batch = reply.response?.result as Partial<WireBatch> | undefined;
  return batch?.step_errors?.[step];
}

/** The results of the statements of a call. @throws {SQLiteError} for the first that failed. */
function resultsOf(
  { kind, statements }: Write,
  [reply, autocommit]: readonly WireReply[],
): readonly WireResult[] {
  if (reply.type === "error") throw serverError(reply.error, statements[0]?.values);
  if (kind === "script") {
    if (autocommit.type === "ok" && autocommit.response.is_autocommit === false) {
      throw transactionLeftOpen();
    }
    return [];
  }
  const { step_results: results, step_errors: errors } = reply.response.result as WireBatch;
  const first = kind === "together" ? 1 : 0;
  const failed = errors.findIndex((error) => error !== null);
  if (failed >= 0) {
    const guilty = statements[failed - first];
    const error = serverError(errors[failed]!, guilty?.values);
    if (guilty === undefined) throw error;
    throw withStatement(error, guilty.sql, kind === "together" ? failed - first : undefined);
  }
  const own = results.slice(first, first + statements.length);
  const isWhole = own.every((result) => result !== null) &&
    (kind === "alone" || results[first + statements.length] !== null);
  if (!isWhole) throw transactionEnded();
  return own as WireResult[];
}

function transactionLeftOpen(): Error {
  return serverError({
    message: "The script left a transaction open, which was rolled back: end it with COMMIT, or " +
      "use db.write().",
  });
}
