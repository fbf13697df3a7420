/**
 * A stream of a server, as a handle of an asynchronous driver: the place of one transaction.
 *
 * A stream is opened by BEGIN and closed at the end of the transaction, so that none of the
 * server's connections is held for nothing. Every statement in between runs only if the transaction
 * is still open: a server ends one that takes too long, and what came after would be kept.
 *
 * @module
 */

import type { AsyncHandle } from "../driver/async_connection.ts";
import type { Outcome } from "../sqlite/outcome.ts";
import { ConnectionLostError } from "../driver/errors.ts";
import type { NulText } from "../sqlite/bind.ts";
import type { IntMode } from "../sqlite/rows.ts";
import type { Statement } from "../sqlite/scan.ts";
import type { SQLiteValue } from "../sqlite/types.ts";
import type { Cluster } from "./cluster.ts";
import type { Position } from "./position.ts";
import {
  failureError,
  isBusyReply,
  outcomeUnknown,
  RequestFailure,
  serverError,
  transactionEnded,
} from "./hrana/errors.ts";
import type { Reply } from "./hrana/server.ts";
import { KnownStatement } from "./known_statements.ts";
import {
  CLOSE,
  decodeResult,
  encodeBatch,
  encodeStatement,
  encodeStep,
  GET_AUTOCOMMIT,
  IN_TRANSACTION,
  refuseValue,
  type WireBatch,
} from "./hrana/wire.ts";

const BUSY_PAUSE_MS = 20;
/** Between two requests for a stream to a server that has none left. */
const FULL_PAUSE_MS = 100;
/** Nobody waits for a stream to close, and the server closes it by itself after 10 s. */
const CLOSE_MS = 5_000;
const NOTHING: Outcome = { columns: [], rows: [], changes: 0, lastInsertRowid: 0 };

/** How streams behave. */
export interface StreamOptions {
  readonly intMode: IntMode;
  /** Limit for each request, in milliseconds. */
  readonly timeoutMs: number;
  readonly busyTimeoutMs: number;
  readonly now: () => number;
}

/** Runs transactions on the primary, one after the other. */
export class Stream implements AsyncHandle {
  readonly nulText: NulText = "allowed";
  readonly inTransactionIsCertain: boolean = true;
  /** "ended": the transaction is over although nobody ended it. */
  #state: "closed" | "open" | "ended" = "closed";
  #baton: string | null = null;
  #ending: "no" | "committing" = "no";
  #access: "write" | "read" = "write";
  /** Gives back the connection of the server that counts as taken. */
  #releaseSlot: (() => void) | undefined = undefined;
  #control = new AbortController();
  readonly #cluster: Cluster;
  readonly #options: StreamOptions;
  /** Who has seen what is committed here. */
  position: Position | undefined = undefined;

  constructor(cluster: Cluster, options: StreamOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  get raw(): unknown {
    return this;
  }

  /** One that was ended counts as open until it is rolled back, so that nobody takes it for done. */
  get inTransaction(): boolean {
    return this.#state !== "closed";
  }

  /** Whether COMMIT is on its way: from then on the outcome is the server's to tell. */
  get isCommitting(): boolean {
    return this.#ending === "committing";
  }

  /** A new holder begins. */
  lend(position: Position, access: "write" | "read"): void {
    this.position = position;
    this.#access = access;
    this.#control = new AbortController();
  }

  /** Its holder waits no longer: what is under way is given up, and nothing else begins. */
  abort(): void {
    this.#control.abort();
    if (this.#state === "open") this.#end();
  }

  refuse(value: SQLiteValue): string | undefined {
    return refuseValue(value);
  }

  async run(statement: Statement, values: SQLiteValue[]): Promise<Outcome> {
    const { verb } = statement;
    if (this.#state === "ended") {
      if (verb !== "rollback") throw transactionEnded();
      this.#state = "closed";
      return NOTHING;
    }
    if (this.#access === "read" && !["begin", "commit", "rollback"].includes(verb)) {
      new KnownStatement(statement).expectRead("read");
    }
    const stmt = encodeStatement(statement, values);
    if (this.#state === "open") return await this.#runInside(statement, stmt, values);
    return await this.#runOutside(statement, stmt, values);
  }

  async close(): Promise<void> {
    if (this.#state === "open") this.#end();
    this.#state = "closed";
  }

  resultCodeOf(): undefined {
    return undefined;
  }

  async #runOutside(
    { verb }: Statement,
    stmt: string,
    values: readonly SQLiteValue[],
  ): Promise<Outcome> {
    const opens = verb === "begin" || verb === "savepoint";
    const requests = [encodeBatch([encodeStep(stmt)]), opens ? GET_AUTOCOMMIT : CLOSE];
    const until = this.#options.now() + this.#options.busyTimeoutMs;
    for (;;) {
      await this.#holdSlot();
      try {
        const reply = await this.#ask(null, requests, opens);
        const batch = reply.results[0];
        const error = batch.type === "error"
          ? batch.error
          : (batch.response.result as WireBatch).step_errors[0];
        if (opens && error === null) {
          this.#state = "open";
          this.#baton = reply.baton;
        } else if (opens && reply.baton !== null) {
          await this.#ask(reply.baton, [CLOSE], true);
        }
        if (!isBusyReply(error) || this.#options.now() >= until) {
          return this.#outcome(reply, values);
        }
      } finally {
        if (this.#state === "closed") this.#leaveSlot();
      }
      await this.#cluster.pause(BUSY_PAUSE_MS);
    }
  }

  async #runInside(
    { verb }: Statement,
    stmt: string,
    values: readonly SQLiteValue[],
  ): Promise<Outcome> {
    const commits = verb === "commit";
    if (commits) this.#ending = "committing";
    let reply: Reply;
    try {
      const step = encodeBatch([encodeStep(stmt, IN_TRANSACTION)]);
      const ends = verb === "rollback" ? [CLOSE] : [];
      reply = await this.#ask(this.#baton, [step, GET_AUTOCOMMIT, ...ends], !commits);
    } catch (error) {
      this.#drop("ended");
      throw error;
    } finally {
      this.#ending = "no";
    }
    this.#baton = reply.baton;
    const [batch, autocommit] = reply.results;
    const isOver = autocommit.type === "error" || autocommit.response.is_autocommit === true;
    const result = batch.type === "error" ? undefined : batch.response.result as WireBatch;
    const ran = result?.step_results[0] !== null && result !== undefined;
    if (verb === "rollback") {
      this.#drop("closed");
      return NOTHING;
    }
    if (isOver && ran && (commits || verb === "release")) {
      this.#end("closed");
      return NOTHING;
    }
    if (isOver) {
      this.#end();
      const error = batch.type === "error" ? batch.error : result?.step_errors[0];
      // What a statement did wrong says more, and those after it are told that it is over.
      throw error && error.code !== "TRANSACTION_TIMEOUT"
        ? serverError(error, values)
        : transactionEnded();
    }
    return this.#outcome(reply, values);
  }

  #outcome({ results: [batch] }: Reply, values: readonly SQLiteValue[]): Outcome {
    if (batch.type === "error") throw serverError(batch.error, values);
    const { step_results: [result], step_errors: [error] } = batch.response.result as WireBatch;
    if (result) return decodeResult(result, this.#options.intMode);
    throw error ? serverError(error, values) : transactionEnded();
  }

  async #ask(
    baton: string | null,
    requests: readonly string[],
    isUndone: boolean,
  ): Promise<Reply> {
    const cluster = this.#cluster;
    const { primary } = cluster;
    const { timeoutMs } = this.#options;
    // The holder's signal lasts for many requests, and a listener each would stay on it.
    const signal = timeoutMs === Infinity
      ? this.#control.signal
      : AbortSignal.any([this.#control.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      if (baton === null) cluster.expectPrimary();
      const sent = cluster.sent();
      const reply = await primary.sendOn(baton, requests, signal);
      const answer = cluster.answered(reply, sent);
      if (this.position !== undefined) cluster.log.observe(this.position, answer);
      return reply;
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error;
      if (error.isFull) {
        await cluster.pause(FULL_PAUSE_MS);
        if (!signal.aborted) return await this.#ask(baton, requests, isUndone);
      }
      if (error.kind === "lost" || error.kind === "stuck") cluster.suspectPrimary();
      if (!isUndone && !error.isHarmless) throw outcomeUnknown(primary.origin, error.cause);
      if (baton === null || error.kind === "status") throw failureError(error);
      throw new ConnectionLostError(
        `The server ${primary.origin} did not answer in a transaction: ${error.message}. Nothing ` +
          "of it is kept.",
        { cause: error.cause },
      );
    }
  }

  /** Tells the server that the stream is done with, without waiting for its answer. */
  #end(state: "closed" | "ended" = "ended"): void {
    const baton = this.#baton;
    this.#drop(state);
    if (baton === null) return;
    const signal = AbortSignal.timeout(CLOSE_MS);
    this.#cluster.primary.sendOn(baton, [CLOSE], signal).catch(() => {});
  }

  /** The server has closed the stream, or will do so for want of a word from here. */
  #drop(state: "closed" | "ended"): void {
    this.#state = state;
    this.#baton = null;
    this.#leaveSlot();
  }

  async #holdSlot(): Promise<void> {
    try {
      this.#releaseSlot = await this.#cluster.primary.holdSlot(this.#control.signal);
    } catch (error) {
      throw failureError(error as RequestFailure);
    }
  }

  #leaveSlot(): void {
    this.#releaseSlot?.();
    this.#releaseSlot = undefined;
  }
}
