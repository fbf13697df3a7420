/**
 * Reads: those that meet travel in one request.
 *
 * @module
 */

import type { Environment } from "../platform/clock.ts";
import { type Call, Flight } from "./call.ts";
import type { Cluster } from "./cluster.ts";
import type { Answer, Consistency, Position } from "./position.ts";
import { Coalescer } from "./coalescer.ts";
import { serverError } from "./hrana/errors.ts";
import { loadExplain } from "./hrana/explain.ts";
import { isBusyReply, RequestFailure } from "./hrana/request_failure.ts";
import type { KnownStatement } from "./known_statements.ts";
import type { SQLiteValue } from "../sqlite/types.ts";
import { CLOSE, encodeBatch, encodeStep, type WireBatch, type WireResult } from "./hrana/wire.ts";

/** More statements in one request gain nothing, and make the first one wait for the last. */
const MOST_TOGETHER = 100;
/** Requests under way, however many wait. */
const MOST_FLIGHTS = 8;
/** Slow ones under way, each in a request of its own. */
const MOST_ALONE = 16;
/** How often a read that finds the database locked is sent again, and after how long. */
const BUSY_RETRIES = 10;
const BUSY_PAUSE_MS = 20;

/** One read. */
export interface Read {
  readonly call: Call;
  readonly known: KnownStatement;
  /** The statement with its parameters, encoded. */
  readonly encoded: string;
  /** To keep them out of errors. */
  readonly values: readonly SQLiteValue[];
  readonly consistency: Consistency;
  readonly position: Position;
  /** Makes what the caller gets; may throw. */
  readonly decode: (result: WireResult) => unknown;
}

/** Sends reads, together where they meet. */
export class Reads {
  readonly #cluster: Cluster;
  readonly #environment: Environment;
  readonly #lanes = new Map<string, Coalescer<Read>>();

  constructor(cluster: Cluster, environment: Environment) {
    this.#cluster = cluster;
    this.#environment = environment;
  }

  add(read: Read): void {
    this.#lane(read.consistency, read.known.pace).add(read);
  }

  #lane(consistency: Consistency, pace: string): Coalescer<Read> {
    const name = `${consistency} ${pace}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const isSlow = pace === "slow";
      lane = new Coalescer({
        clock: this.#environment.clock,
        most: isSlow ? 1 : MOST_TOGETHER,
        flights: isSlow ? () => MOST_ALONE : () => this.#cluster.readers(consistency),
        mostFlights: isSlow ? MOST_ALONE : MOST_FLIGHTS,
        joins: () => true,
        send: (reads) => this.#send(reads, consistency),
      });
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  async #send(all: readonly Read[], consistency: Consistency): Promise<void> {
    let reads = all.filter(({ call }) => call.waiting);
    for (let round = 0; reads.length > 0; round++) {
      try {
        const answer = await this.#fly(reads, consistency);
        reads = this.#settle(reads, answer, round < BUSY_RETRIES);
      } catch (error) {
        await this.#failed(reads, error);
        return;
      }
      if (reads.length > 0) await this.#cluster.pause(BUSY_PAUSE_MS);
      reads = reads.filter(({ call }) => call.waiting);
    }
  }

  #fly(reads: readonly Read[], consistency: Consistency): Promise<Answer> {
    const cluster = this.#cluster;
    const { signal } = new Flight(reads.map(({ call }) => call));
    const steps = reads.map(({ encoded }) => encodeStep(encoded));
    return cluster.read(
      (index) => [encodeBatch(steps, index), CLOSE],
      consistency,
      () => Math.max(...reads.map(({ position }) => cluster.log.required(position))),
      signal,
    );
  }

  /** Answers the callers, and returns those reads that found the database locked. */
  #settle(reads: readonly Read[], answer: Answer, retries: boolean): Read[] {
    const [reply] = answer.results;
    if (reply.type === "error") {
      this.#takeApart(reads, () => serverError(reply.error, reads[0].values));
      return [];
    }
    const { step_results: results, step_errors: errors } = reply.response.result as WireBatch;
    const busy: Read[] = [];
    reads.forEach((read, i) => {
      const { call, known, position, values, decode } = read;
      const result = results[i];
      const error = errors[i];
      if (retries && isBusyReply(error)) return busy.push(read);
      this.#cluster.log.observe(position, answer);
      try {
        if (!result) throw serverError(error ?? { message: "the server gave no result" }, values);
        known.took(result.query_duration_ms);
        call.accept(decode(result));
      } catch (failure) {
        call.fail(failure);
      }
    });
    return busy;
  }

  async #failed(reads: readonly Read[], error: unknown): Promise<void> {
    const explain = await loadExplain();
    // Such as a row that the server cannot encode: the fault of one.
    const isOneToBlame = error instanceof RequestFailure && error.kind === "status" &&
      error.status !== 401 && !error.isPassing;
    if (isOneToBlame) this.#takeApart(reads, () => explain(error));
    else for (const { call } of reads) call.fail(explain(error));
  }

  /** Each again by itself, so that only the guilty one fails. */
  #takeApart(reads: readonly Read[], failure: () => unknown): void {
    if (reads.length === 1) {
      const [{ call, known }] = reads;
      known.isolate();
      call.fail(failure());
      return;
    }
    for (const read of reads) this.#lane(read.consistency, "slow").add(read);
  }
}
