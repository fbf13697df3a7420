// Known bugs in the outcome of a write, which the model of outcomes must notice.

import type { Mutant } from "./mutant.ts";

type OutcomeMutant = Omit<Mutant, "guard" | "env"> & {
  /** The place where its programs run. */
  readonly place: string;
};

const groups = "src/database/writing/group_commit.ts";
const held = "src/connections/leased_connection.ts";
const transactions = "src/connections/transaction.ts";

const faults: readonly OutcomeMutant[] = [
  {
    bug: "a statement is sent again inside the savepoint of a later one",
    file: "src/connections/physical_connection.ts",
    find: "const waits = !this.activity.isQuiet && (atomic",
    replace: "const waits = this.activity.isQuiet && (atomic",
    place: "pool in threads",
  },
  {
    bug: "a transaction that SQLite has ended goes on in autocommit",
    file: transactions,
    find: "if (physical.driver.inTransaction) return physical;",
    replace: "if (this.#ended === undefined) return physical;",
    place: "database",
  },
  {
    bug: "a driver of three methods is not asked whether a failure has ended the transaction",
    file: "src/driver/three_methods.ts",
    find: "if (this.inTransactionIsCertain || !this.#seen.open) return;",
    replace: "return;",
    place: "pool of three methods",
  },
  {
    bug: "a callback may commit its own transaction",
    file: held,
    find: 'if (classify(sql).control === "commit") throw callbackCommits();',
    replace: "",
    place: "database",
  },
  {
    bug: "transactions that overlap on one connection mix",
    file: held,
    find: "const nested: Promise<void> = this.#nested = result",
    replace: "const nested: Promise<void> = result",
    place: "database",
  },
  {
    bug: "a write that fails in a group leaves what it did before",
    file: groups,
    find: "if (failed.length > 0 && !careful) {",
    replace: "if (failed.length > 1 && !careful) {",
    place: "database",
  },
  {
    bug: "a lone statement that fails leaves what it did before",
    file: "src/sqlite/classify.ts",
    find: 'atomic: writes && (conflict === "fail" || RETURNING.test(sql)),',
    replace: "atomic: false,",
    place: "pool",
  },
  {
    bug: "whoever gives up is told so, though the write is under way",
    file: "src/database/writing/queued_write.ts",
    find: "if (!this.caller.take()) return false;",
    replace: "if (this.caller.settled) return false;",
    place: "database in threads",
  },
  {
    bug: "a transaction is called off while its COMMIT is under way",
    file: transactions,
    find: 'return this.#state === "committing" || this.#state === "committed";',
    replace: "return false;",
    place: "database in threads",
  },
  {
    bug: "parameters are read when the statement runs, not when it is asked for",
    file: "src/sqlite/bind/take_params.ts",
    find: "    return taken;\n  }\n  if (!isRecord(params)) return params;",
    replace: "    return params;\n  }\n  if (!isRecord(params)) return params;",
    place: "database",
  },
  {
    bug: "the bytes of parameters stay the caller's",
    file: "src/sqlite/bind/take_params.ts",
    find: 'taken[i] = typeof value === "object" && value !== null ? takeObject(value) : value;',
    replace: "taken[i] = value;",
    place: "database",
  },
  {
    bug: "a script may leave a transaction open",
    file: "src/database/local_database.ts",
    find: "if (!connection.inTransaction) return;",
    replace: "if (connection.inTransaction) return;",
    place: "database",
  },
  {
    bug: "a batch takes COMMIT",
    file: "src/database/writing/batch.ts",
    find: "if (control !== undefined) throw controlInBatch(control, index);",
    replace: "",
    place: "database",
  },
  {
    bug: "a failing batch leaves its first half in the transaction of others",
    file: "src/database/writing/run_writes.ts",
    find: "if (run.careful) await runAtomically(run.lease.value.driver, statements);",
    replace: "if (false as boolean) await runAtomically(run.lease.value.driver, statements);",
    place: "database",
  },
  {
    bug: "a failing batch leaves its first half in the transaction of others, in a thread",
    file: "src/database/writing/run_writes.ts",
    find: "const result = careful",
    replace: "const result = (false as boolean)",
    place: "database in threads",
  },
  {
    bug: "BEGIN runs on a connection that nobody holds",
    file: "src/connections/errors.ts",
    find: "if (control !== undefined) throw controlNeedsLease(control);",
    replace: "",
    place: "pool",
  },
];

/** What ordinary tests notice. */
const others: readonly Mutant[] = [
  {
    bug: "what fails unseen in a transaction is left out of it",
    file: transactions,
    find: "if (unseen !== undefined) throw unseen.error;",
    replace: "",
    guard: "tests/database/callers.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "nobody watches the deadlines of a group that waits",
    file: groups,
    find: "    this.#queue.watchDeadlines();\n",
    replace: "",
    guard: "tests/database/waiting.test.ts",
    timeoutMs: 30_000,
  },
];

export const outcomeMutants: readonly Mutant[] = faults.map(({ place, ...mutant }): Mutant => ({
  timeoutMs: 60_000,
  ...mutant,
  guard: "tests/model/outcomes/run.ts",
  // A fixed seed, so that a bug that is caught today is not missed by chance tomorrow.
  env: {
    OUTCOME_SEED: "1",
    // Threads answer when they like, so not the same program every time.
    OUTCOME_PROGRAMS: "10000",
    OUTCOME_SHRINK: "no",
    OUTCOME_PLACE: place,
  },
})).concat(others);
