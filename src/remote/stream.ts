/**
 * A stream of a server, as a handle of an asynchronous driver: the place of one transaction, or the
 * connection that a caller has leased.
 *
 * For a transaction, a stream is opened by BEGIN and closed at its end, so that none of the server's
 * connections is held for nothing. A leased connection keeps its stream from the first statement to
 * its release. Every statement in a transaction runs only if that is still open: a server ends one
 * that takes too long, and what came after would be kept.
 *
 * @module
 */

import type { AsyncHandle } from "../driver/async_connection.ts";
import { describeColumn } from "../driver/columns.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Outcome } from "../sqlite/outcome.ts";
import { ConnectionLostError } from "../driver/errors.ts";
import type { NulText } from "../sqlite/bind.ts";
import type { IntMode } from "../sqlite/rows.ts";
import type { Statement } from "../sqlite/scan.ts";
import type { Verb } from "../sqlite/statement_head.ts";
import type { ColumnDescription, SQLiteValue } from "../sqlite/types.ts";
import type { Cluster } from "./cluster.ts";
import type { Position } from "./position.ts";
import { serverError, transactionEnded } from "./hrana/errors.ts";
import { explained } from "./hrana/explain.ts";
import { isBusyReply, RequestFailure } from "./hrana/request_failure.ts";
import type { Reply } from "./hrana/server.ts";
import { KnownStatement } from "./known_statements.ts";
import {
  CLOSE,
  decodeResult,
  encodeBatch,
  encodeDescribe,
  encodeStatement,
  encodeStep,
  GET_AUTOCOMMIT,
  IN_TRANSACTION,
  refuseValue,
  type WireBatch,
  type WireDescription,
} from "./hrana/wire.ts";

const BUSY_PAUSE_MS = 20;
/** Between two requests for a stream to a server that has none left. */
const FULL_PAUSE_MS = 100;
/** Nobody waits for a stream to close, and the server closes it by itself after 10 s. */
const CLOSE_MS = 5_000;
/** How long a stream of a leased connection may be idle: the server closes it after 10 s. */
const KEEP_ALIVE_MS = 4_000;
/** What a reader may run in addition to reads. */
const CONTROLS: readonly Verb[] = [
  ...["begin", "commit", "rollback", "rollback to", "savepoint", "release"] as const,
];
const NOTHING: Outcome = { columns: [], rows: [], changes: 0, lastInsertRowid: 0 };

/** How streams behave. */
export interface StreamOptions {
  readonly intMode: IntMode;
  /** Limit for each request, in milliseconds. */
  readonly timeoutMs: number;
  readonly busyTimeoutMs: number;
  readonly clock: Clock;
}

/** The holder of a stream. */
export interface StreamHolder {
  readonly position: Position;
  readonly access: "write" | "read";
  /** For a leased connection, which keeps one stream: whether it is still leased. */
  readonly isLeased?: () => boolean;
}

/** Runs transactions on the primary, one after the other. */
export class Stream implements AsyncHandle {
  readonly nulText: NulText = "allowed";
  readonly inTransactionIsCertain: boolean = true;
  /** Of the transaction. "ended": it is over although nobody ended it. */
  #state: "closed" | "open" | "ended" = "closed";
  #baton: string | null = null;
  #ending: "no" | "committing" = "no";
  #holder: StreamHolder | undefined = undefined;
  /** Whether its holder has released it, even if a call is still in progress. */
  #isLeft = false;
  /** Whether the stream of a leased connection was lost, and its settings with it. */
  #isLost = false;
  /** Keeps the stream of a leased connection from expiring. */
  #idleTimer: Timer = undefined;
  #ping: Promise<void> | undefined = undefined;
  /** Gives back the connection of the server that counts as taken. */
  #releaseSlot: (() => void) | undefined = undefined;
  #control = new AbortController();
  readonly #cluster: Cluster;
  readonly #options: StreamOptions;

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

  /** Passes the stream to a new holder. */
  lend(holder: StreamHolder): void {
    // The connection of the last one may have been reclaimed rather than released.
    this.leave();
    this.#holder = holder;
    this.#isLeft = false;
    this.#isLost = false;
    this.#control = new AbortController();
  }

  /** Closes the stream of a holder that has released it. */
  leave(): void {
    this.#isLeft = true;
    this.#options.clock.cancel(this.#idleTimer);
    if (this.#baton !== null) this.#end("closed");
  }

  get #stays(): boolean {
    return !this.#isLeft && this.#holder?.isLeased !== undefined;
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
    const isReader = this.#holder?.access === "read";
    if (isReader && !CONTROLS.includes(verb)) {
      new KnownStatement(statement).expectRead(this.#stays ? "connection" : "read");
    }
    const stmt = encodeStatement(statement, values);
    return await this.#use(() =>
      this.#state === "open"
        ? this.#runInside(statement, stmt, values)
        : this.#runOutside(statement, stmt, values)
    );
  }

  async columnsOf({ text }: Statement): Promise<ColumnDescription[]> {
    return await this.#use(async () => {
      const baton = this.#baton;
      const keeps = baton !== null || this.#stays;
      await this.#holdSlot();
      const ends = keeps ? GET_AUTOCOMMIT : CLOSE;
      const reply = await this.#ask(baton, [encodeDescribe(text), ends], true);
      if (keeps) this.#baton = reply.baton;
      const [described] = reply.results;
      if (described.type === "error") throw serverError(described.error);
      const { cols } = described.response.result as WireDescription;
      return cols.map(({ name, decltype }) => describeColumn(name ?? "", decltype));
    });
  }

  async close(): Promise<void> {
    this.leave();
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
    const isUndone = opens || verb === "select";
    const keeps = opens || this.#stays;
    const requests = [encodeBatch([encodeStep(stmt)]), keeps ? GET_AUTOCOMMIT : CLOSE];
    const { busyTimeoutMs, clock } = this.#options;
    const until = clock.now() + busyTimeoutMs;
    for (;;) {
      await this.#holdSlot();
      try {
        const reply = await this.#ask(this.#baton, requests, isUndone);
        if (keeps) this.#baton = reply.baton;
        const batch = reply.results[0];
        const error = batch.type === "error"
          ? batch.error
          : (batch.response.result as WireBatch).step_errors[0];
        if (opens && error === null) this.#state = "open";
        else if (opens && !this.#stays) this.#end("closed");
        if (!isBusyReply(error) || clock.now() >= until) return this.#outcome(reply, values);
      } finally {
        if (this.#baton === null) this.#leaveSlot();
      }
      await this.#cluster.pause(BUSY_PAUSE_MS);
    }
  }

  /** Runs a call once the stream is idle, since it takes one request at a time. */
  async #use<T>(call: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    clock.cancel(this.#idleTimer);
    await this.#ping;
    this.#expectStream();
    try {
      return await call();
    } finally {
      if (this.#baton === null) this.#leaveSlot();
      else if (this.#isLeft) this.#end("closed");
      else if (this.#stays) {
        const keepAlive = (): void => {
          if (this.#holder?.isLeased?.() !== true) this.leave();
          else this.#ping = this.#keepAlive();
        };
        this.#idleTimer = clock.schedule(keepAlive, KEEP_ALIVE_MS, "lets process exit");
      }
    }
  }

  async #keepAlive(): Promise<void> {
    const ask = async (): Promise<void> => {
      this.#baton = (await this.#ask(this.#baton, [GET_AUTOCOMMIT], true)).baton;
    };
    // The next statement reports a failure.
    await this.#use(ask).catch(() => {});
    this.#ping = undefined;
  }

  /** @throws {ConnectionLostError} if the settings of the leased connection were lost. */
  #expectStream(): void {
    if (!this.#isLost) return;
    throw new ConnectionLostError(
      `The server ${this.#cluster.primary.origin} has closed the stream of this connection, and ` +
        "its settings are lost: release it and acquire another.",
    );
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
      const ends = verb === "rollback" && !this.#stays ? [CLOSE] : [];
      reply = await this.#ask(this.#baton, [step, GET_AUTOCOMMIT, ...ends], !commits);
    } finally {
      this.#ending = "no";
    }
    this.#baton = reply.baton;
    const [batch, autocommit] = reply.results;
    const isOver = autocommit.type === "error" || autocommit.response.is_autocommit === true;
    const result = batch.type === "error" ? undefined : batch.response.result as WireBatch;
    const ran = result?.step_results[0] !== null && result !== undefined;
    if (verb === "rollback") {
      this.#finish("closed");
      return NOTHING;
    }
    if (isOver && ran && (commits || verb === "release")) {
      this.#finish("closed");
      return NOTHING;
    }
    if (isOver) {
      this.#finish("ended");
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
      if (this.#holder !== undefined) cluster.log.observe(this.#holder.position, answer);
      return reply;
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error;
      if (error.isFull) {
        await cluster.pause(FULL_PAUSE_MS);
        if (!signal.aborted) return await this.#ask(baton, requests, isUndone);
      }
      if (error.kind === "lost" || error.kind === "stuck") cluster.suspectPrimary();
      if (baton !== null) {
        this.#isLost = this.#stays;
        this.#drop(this.#state === "open" ? "ended" : "closed");
      }
      if (error.isHarmless) this.#expectStream();
      if (!isUndone && !error.isHarmless) throw await explained(error, "unknown");
      if (baton === null || error.kind === "status") throw await explained(error);
      throw new ConnectionLostError(
        `The server ${primary.origin} did not answer in a transaction: ${error.message}. Nothing ` +
          "of it is kept.",
        { cause: error.cause },
      );
    }
  }

  /** Ends the transaction, and the stream too unless it is leased. */
  #finish(state: "closed" | "ended"): void {
    if (this.#stays) this.#state = state;
    else this.#end(state);
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
    if (this.#releaseSlot !== undefined) return;
    try {
      this.#releaseSlot = await this.#cluster.primary.holdSlot(this.#control.signal);
    } catch (error) {
      throw await explained(error);
    }
  }

  #leaveSlot(): void {
    this.#releaseSlot?.();
    this.#releaseSlot = undefined;
  }
}
