/**
 * A write that shares a commit with others, or a batch that is sent as a whole, told to those who
 * watch.
 *
 * It may be undone with the others and run again: it is told once, when its caller has the
 * outcome, with the time of its last run.
 *
 * @module
 */

import { inCallersContext } from "../../platform/async_context.ts";
import type { ResultSet } from "../../sqlite/types.ts";
import { begin } from "./begin.ts";
import type { Operation, OperationKind, Watched } from "./operation.ts";

/** What is told of one write: of a statement, or of a batch and its statements. */
export class WriteReport {
  readonly #statements: readonly string[];
  readonly #transaction: string | undefined;
  readonly #outcome: Promise<unknown>;
  /** Begins an operation in the async context of the caller. */
  readonly #begin: (kind: OperationKind, sql: string) => Operation;
  /** By the place of their statements. */
  readonly #operations: Operation[] = [];
  /** The places of those that have run. */
  readonly #ran = new Set<number>();
  #phase: "new" | "begun" = "new";

  /**
   * To be made in the call of the caller.
   *
   * @param transaction how the transaction of a batch begins.
   * @param outcome what the caller gets.
   */
  constructor(
    watch: Watched,
    statements: readonly string[],
    transaction: string | undefined,
    outcome: Promise<unknown>,
  ) {
    this.#statements = statements;
    this.#transaction = transaction;
    this.#outcome = outcome;
    this.#begin = inCallersContext((kind, sql) => {
      const operation = begin(watch, kind, sql);
      operation.enter(() => {});
      return operation;
    });
  }

  /** A statement begins to run, or to run again. */
  starts(index: number = 0): void {
    if (this.#phase === "new") this.#beginAll();
    const operation = this.#operations[index];
    if (operation === undefined) {
      this.#operations[index] = this.#begin("query", this.#statements[index]);
    } else operation.restart();
  }

  /** A statement has run. Its outcome is open until the transaction is committed. */
  stops(index: number = 0, result?: ResultSet<unknown>): void {
    const operation = this.#operations[index];
    operation.pause();
    this.#ran.add(index);
    if (result !== undefined) operation.count(result.rows.length);
  }

  #beginAll(): void {
    this.#phase = "begun";
    const batch = this.#transaction === undefined
      ? undefined
      : this.#begin("transaction", this.#transaction);
    this.#outcome.then(
      () => {
        for (const operation of this.#operations) operation?.end();
        batch?.end();
      },
      (error) => {
        const guilty: number | undefined = batch === undefined ? 0 : error?.index;
        for (const [index, operation] of this.#operations.entries()) {
          // Those before it have worked, though they were undone.
          if (guilty === undefined ? this.#ran.has(index) : index < guilty) operation?.end();
          else if (index > guilty!) operation?.cancel(error);
          else operation?.fail(error);
        }
        batch?.fail(error);
      },
    );
  }
}
