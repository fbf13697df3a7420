// Known bugs of reads that share a transaction.

import type { Mutant } from "./mutant.ts";

const reads = "src/connections/locking/shared_reads.ts";
const pool = "src/connections/connection_pool.ts";
const server = "src/worker/server/server.ts";

const ofPools: readonly Omit<Mutant, "guard">[] = [
  {
    bug: "shared reads: the transaction stays open for the next turn",
    file: "src/driver/sync_connection.ts",
    find: '      if (this.inTransaction) this.executeSync("COMMIT");\n',
    replace: "",
  },
  {
    bug: "shared reads: each still begins its own transaction",
    file: reads,
    find: "physical.driver.beginReads?.() === true",
    replace: "false",
  },
  {
    bug: "shared reads: a lease overtakes those that were called before",
    file: pool,
    find:
      "    this.#reads?.flush();\n    const turn = this.#pause();\n    if (turn !== undefined) return",
    replace: "    const turn = this.#pause();\n    if (turn !== undefined) return",
  },
  {
    bug: "shared reads: a failure is told to those after it",
    file: reads,
    find: '        read.outcome = { kind: "error", error };\n        isClean = false;\n',
    replace:
      '        for (; at <= reads.length; at++) reads[at - 1].outcome = { kind: "error", error };\n',
  },
  {
    bug: "shared reads: an aborted one runs",
    file: reads,
    find: "wait?.signal?.aborted ? undefined : physical",
    replace: "physical",
  },
  {
    bug: "shared reads: parameters are read late",
    file: pool,
    find: "params: takeParams(values), wait, rows: later",
    replace: "params: values, wait, rows: later",
  },
  {
    bug: "shared reads: the event loop waits for all of them",
    file: reads,
    find: "at < reads.length && this.#own.pause() === undefined",
    replace: "at < reads.length",
  },
  {
    bug: "shared reads: a pool that drains forgets those that wait for the event loop",
    file: reads,
    find: "    this.#pool.expect(this.#waiting.length);\n",
    replace: "    this.#pool.expect(0);\n",
  },
];

const ofThreads: readonly Omit<Mutant, "guard">[] = [
  {
    bug: "shared reads: a reply leaves while its transaction is open",
    file: server,
    find: "shared && (posts || !this.#readFollows(reader))",
    replace: "shared && !this.#readFollows(reader)",
  },
  {
    bug: "shared reads: a write is part of the transaction",
    file: server,
    find: "if (statement.reads) this.#mayShare",
    replace: "this.#mayShare",
  },
  {
    bug: "shared reads: the host is told of a transaction that is not its own",
    file: server,
    find: 'this.#transaction === "as requested" && this.#connection.inTransaction',
    replace: "this.#connection.inTransaction",
  },
];

export const sharedReadsMutants: readonly Mutant[] = [
  ...ofPools.map((mutant) => ({ ...mutant, guard: "tests/connections/shared_reads.test.ts" })),
  ...ofThreads.map((mutant) => ({ ...mutant, guard: "tests/worker/server.test.ts" })),
];
