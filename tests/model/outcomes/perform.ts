/** Runs programs and writes down what each call reported. */

import type { BatchStatement, Connection } from "../../../mod.ts";
import { microtasks, nextTurn } from "../turns.ts";
import { Aborting } from "./aborting.ts";
import { checkResult, WrongAnswer } from "./answers.ts";
import type { CallOptions, Place, RunOptions } from "./places.ts";
import type { Action, Body, Call, Control, Program, Script, Step } from "./program.ts";
import type { CallReport, Report, StatementReport } from "./reports.ts";
import { makeParameters, type Statement } from "./statements.ts";

type Tx = Connection<unknown>;

const THROWN: readonly (() => unknown)[] = [
  () => new Error("callback"),
  () => undefined,
  () => null,
  () => "a text",
  () => 0,
  () => Object.create(null),
];

/** The text of a script; each statement carries its values. */
function textOfScript({ statements, form }: Script): string {
  const text = statements.map(({ sql }) => `${sql};\n`).join("");
  if (form === "plain") return text;
  return form === "BEGIN; ..." ? `BEGIN;\n${text}` : `BEGIN;\n${text}COMMIT;`;
}

/** One performance of a program. */
export class Performance {
  readonly reports: CallReport[] = [];
  readonly #place: Place;
  /** Counts what happens: calls made and calls settled. */
  #time = 0;
  /** Everything that must settle before the program is over. */
  readonly #unsettled = new Set<Promise<unknown>>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** The calls that have not settled. */
  get open(): number[] {
    return this.reports.filter(({ state }) => state === "pending").map(({ index }) => index);
  }

  async perform(program: Program): Promise<void> {
    for (const call of program) {
      const settled = this.#make(call);
      if (call.gap === "this call") await settled;
      else if (call.gap === "all calls") await this.#allSettled();
      else if (call.gap === "microtasks") await microtasks(3);
      else if (call.gap === "a turn") await nextTurn();
    }
    await this.#allSettled();
  }

  async #allSettled(): Promise<void> {
    while (this.#unsettled.size > 0) await Promise.allSettled([...this.#unsettled]);
  }

  /** Makes a call, writes down how it settles, and never rejects. */
  #make(call: Call): Promise<void> {
    const aborting = new Aborting(call.abort);
    const report: CallReport = {
      call,
      index: this.reports.length,
      state: "pending",
      error: undefined,
      startedAt: ++this.#time,
      settledAt: Infinity,
      children: [],
      reentered: [],
    };
    this.reports.push(report);
    const promise = this.#start(call.action, report, aborting);
    void aborting.called();
    return this.#follow(report, promise);
  }

  async #follow(report: CallReport, promise: Promise<unknown>): Promise<void> {
    const settle = (state: "resolved" | "rejected", error: unknown): void => {
      report.state = state;
      report.error = error;
      report.settledAt = ++this.#time;
    };
    await this.#keep(
      promise.then(() => settle("resolved", undefined), (e) => settle("rejected", e)),
    );
  }

  async #keep<T>(promise: Promise<T>): Promise<T> {
    this.#unsettled.add(promise);
    try {
      return await promise;
    } finally {
      this.#unsettled.delete(promise);
    }
  }

  #start(
    action: Action,
    report: CallReport,
    aborting: Aborting,
  ): Promise<unknown> {
    const { options } = aborting;
    switch (action.do) {
      case "run": {
        const { kind } = action.statement;
        const { query, params, change } = makeParameters(action.statement);
        const own: RunOptions = kind.rowFactory === undefined
          ? options
          : { ...options, rowFactory: kind.rowFactory };
        const promise = this.#place.run(query, params, own);
        change();
        own.rowFactory = () => "changed";
        return promise.then((result) => checkResult(action.statement, result));
      }
      case "batch":
        return this.#batch(action.statements, action.control, options);
      case "transaction":
        return this.#place.transaction(
          (tx) => this.#keep(this.#callback(tx, action.body, report, aborting)),
          { ...options, mode: action.mode },
        );
      case "script":
        return this.#place.script(textOfScript(action.script), options);
      case "lease":
        return this.#lease(action.body, report, options);
    }
  }

  /** It goes on when its caller has given up, and the program is not over before it is. */
  async #callback(tx: Tx, body: Body, report: CallReport, aborting: Aborting): Promise<void> {
    try {
      await this.#steps(tx, body, report, report.children, aborting);
    } finally {
      void aborting.returning();
    }
  }

  #batch(
    statements: readonly Statement[],
    control: boolean,
    options: CallOptions,
  ): Promise<unknown> {
    const made = statements.map(makeParameters);
    const batch: { sql: BatchStatement["sql"]; params?: BatchStatement["params"] }[] = made.map((
      { query, params },
    ) => params === undefined ? { sql: query } : { sql: query, params });
    if (control) batch.splice(1, 0, { sql: "COMMIT" });
    const promise = this.#place.batch(batch, options);
    for (const { change } of made) change();
    for (const statement of batch) statement.sql = "SELECT 'changed'";
    batch.length = 1;
    batch.push({ sql: "no statement at all" });
    return promise.then((results) => {
      if (!control && results.length !== statements.length) {
        throw new WrongAnswer(`${results.length} results`);
      }
    });
  }

  async #lease(body: Body, report: CallReport, options: CallOptions): Promise<void> {
    const connection = await this.#place.lease(options);
    try {
      await this.#steps(connection, body, report, report.children, new Aborting(undefined));
    } finally {
      await connection.release();
    }
  }

  async #steps(
    tx: Tx,
    steps: readonly Step[],
    call: CallReport,
    reports: Report[],
    aborting: Aborting,
  ): Promise<void> {
    for (const step of steps) await this.#step(tx, step, call, reports, aborting);
  }

  async #step(
    tx: Tx,
    step: Step,
    call: CallReport,
    reports: Report[],
    aborting: Aborting,
  ): Promise<void> {
    switch (step.do) {
      case "run":
        return await caught(step.caught, [this.#run(tx, step.statement, reports)]);
      case "together":
        return await caught(step.caught, step.statements.map((s) => this.#run(tx, s, reports)));
      case "transaction":
        return await caught(step.caught, [this.#nested(tx, step.body, call, reports, aborting)]);
      case "siblings":
        return await caught(
          step.caught,
          step.bodies.map((body) => this.#nested(tx, body, call, reports, aborting)),
        );
      case "beside":
        return await caught(step.caught, [
          this.#nested(tx, step.body, call, reports, aborting),
          this.#run(tx, step.statement, reports),
        ]);
      case "iterate":
        return await caught(step.caught, [this.#iterate(tx, step, reports)]);
      case "control":
        return await caught(step.caught, [this.#control(tx, step.how, reports)]);
      case "script":
        return await caught(step.caught, [this.#script(tx, step.script, reports)]);
      case "unawaited":
        this.#run(tx, step.statement, reports).catch(() => {});
        return;
      case "pause":
        return await (step.turns === 2 ? nextTurn() : microtasks(step.turns + 1));
      case "throw":
        throw THROWN[step.what]();
      case "reenter":
        return await this.#reenter(step.statement, call);
      case "abort":
        aborting.fire();
    }
  }

  #run(tx: Tx, statement: Statement, reports: Report[]): Promise<void> {
    const { query, params, change } = makeParameters(statement);
    const { rowFactory } = statement.kind;
    const options = rowFactory === undefined ? {} : { rowFactory };
    const promise = tx.run(query, params, options);
    change();
    const checked = promise.then((result) => checkResult(statement, result));
    return this.#note(tx, { of: "statement", statement }, reports, checked);
  }

  #iterate(tx: Tx, step: Step & { do: "iterate" }, reports: Report[]): Promise<void> {
    const { statement, take, closed } = step;
    const { query, params, change } = makeParameters(statement);
    const { rowFactory } = statement.kind;
    const rows = tx.iterate(query, params, rowFactory === undefined ? {} : { rowFactory });
    change();
    const read = async (): Promise<void> => {
      // Without a first row the statement has not begun.
      for (let i = 0; i <= take; i++) if ((await rows.next()).done) return;
      if (closed) await rows.return?.();
    };
    return this.#note(tx, { of: "statement", statement }, reports, read());
  }

  #nested(
    tx: Tx,
    body: Body,
    call: CallReport,
    reports: Report[],
    aborting: Aborting,
  ): Promise<void> {
    const children: Report[] = [];
    const promise = tx.transaction((inner) => this.#steps(inner, body, call, children, aborting));
    return this.#note(tx, { of: "transaction", children }, reports, promise);
  }

  #control(tx: Tx, how: Control, reports: Report[]): Promise<void> {
    const promise = how === "begin()"
      ? tx.begin()
      : how === "commit()"
      ? tx.commit()
      : how === "rollback()"
      ? tx.rollback()
      : tx.run(how);
    return this.#note(tx, { of: "control", how }, reports, promise);
  }

  #script(tx: Tx, script: Script, reports: Report[]): Promise<void> {
    const promise = tx.executeScript(textOfScript(script));
    return this.#note(tx, { of: "script", script }, reports, promise);
  }

  async #reenter(statement: Statement, call: CallReport): Promise<void> {
    const report: StatementReport = {
      of: "statement",
      statement,
      state: "pending",
      error: undefined,
    };
    call.reentered.push(report);
    const { query, params, change } = makeParameters(statement);
    const promise = this.#place.run(query, params);
    change();
    await promise.then(() => report.state = "resolved", () => report.state = "rejected");
  }

  /** Writes down how a step settles, and settles like it. */
  #note(
    tx: Tx,
    what: DistributiveOmit<Report, "state" | "error" | "inTransaction">,
    reports: Report[],
    promise: Promise<unknown>,
  ): Promise<void> {
    const report = { ...what, state: "pending", error: undefined, inTransaction: false } as Report;
    reports.push(report);
    const noted = promise.then(
      () => {
        report.state = "resolved";
        report.inTransaction = saysInTransaction(tx);
      },
      (error) => {
        report.state = "rejected";
        report.error = error;
        report.inTransaction = saysInTransaction(tx);
        throw error;
      },
    );
    this.#keep(noted).catch(() => {});
    return noted;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A connection that is dead has none. */
function saysInTransaction(tx: Tx): boolean {
  try {
    return tx.inTransaction;
  } catch {
    return false;
  }
}

/** Waits for all of them; their first failure goes on unless it is caught. */
async function caught(isCaught: boolean, promises: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(promises);
  if (isCaught) return;
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
