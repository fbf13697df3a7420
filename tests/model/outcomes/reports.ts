/** What each call of a program reported, and when. */

import type { Call, Control, Script } from "./program.ts";
import type { Statement } from "./statements.ts";

export type State = "pending" | "resolved" | "rejected";

interface Settled {
  state: State;
  error: unknown;
}

/** A statement on a connection. */
export interface StatementReport extends Settled {
  readonly of: "statement";
  readonly statement: Statement;
}

/** A script on a connection. */
export interface ScriptReport extends Settled {
  readonly of: "script";
  readonly script: Script;
}

/** A transaction inside a transaction or on a lease. */
export interface TransactionReport extends Settled {
  readonly of: "transaction";
  readonly children: Report[];
}

/** BEGIN, COMMIT and the like on a connection. */
export interface ControlReport extends Settled {
  readonly of: "control";
  readonly how: Control;
}

export type Report = (StatementReport | ScriptReport | TransactionReport | ControlReport) & {
  /** What the connection said about its transaction when the step was over. */
  inTransaction: boolean;
};

/** A call of the program. */
export interface CallReport extends Settled {
  readonly call: Call;
  readonly index: number;
  startedAt: number;
  settledAt: number;
  readonly children: Report[];
  /** Calls of the database from inside the callback. */
  readonly reentered: StatementReport[];
}
