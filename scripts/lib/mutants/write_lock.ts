// Known bugs in the turn to write, within a process and between processes.

import type { Mutant } from "./mutant.ts";

const writeLock = {
  file: "src/connections/locking/write_lock.ts",
  guard: "tests/connections/write_lock.test.ts",
};

const line = {
  file: "src/connections/locking/transaction_line.ts",
  guard: "tests/connections/transaction_line.test.ts",
  timeoutMs: 20_000,
};

export const writeLockMutants: readonly Mutant[] = [
  {
    bug: "lock: a process never leaves the write lock to others",
    ...writeLock,
    find: "if (this.#heldMs < this.#limitMs) return 0;",
    replace: "return 0;",
  },
  {
    bug: "lock: a process that is alone leaves gaps for ever",
    ...writeLock,
    find: "doubled > TENURE_ALONE_MS ? Infinity : doubled",
    replace: "TENURE_MS",
  },
  {
    bug: "lock: whoever waits when a gap begins is forgotten",
    ...writeLock,
    find: "if (this.#queue.size === 0) return;",
    replace: "if (this.#queue.size === 0 || this.#gapEndsAt > 0) return;",
  },
  {
    bug: "lock: a late timer gives the turn to a second one",
    ...writeLock,
    find: "if (this.#gapIsTimed) return true;",
    replace: "",
  },
  {
    bug: "lock: the wait for another process ignores its signal",
    file: "src/connections/locking/busy_retry.ts",
    guard: "tests/connections/busy_retry.test.ts",
    find: "        await this.#pause(deadline, signal);\n        if (signal?.aborted) {",
    replace: "        await this.#pause(deadline, undefined);\n        if (signal === null) {",
  },
  {
    bug: "lock: a transaction waits for the turn of whoever waits for its lock",
    file: "src/connections/physical_connection.ts",
    guard: "tests/connections/transactions.test.ts",
    timeoutMs: 60_000,
    find: 'now ? "with or without" : "first"',
    replace: '"first"',
  },
  {
    bug: "lock: a statement overtakes one of its connection that waits for the lock",
    file: "src/connections/physical_connection.ts",
    guard: "tests/connections/transactions.test.ts",
    find: "this.activity.ahead ?? this.pauseBeforeCall()",
    replace: "this.pauseBeforeCall()",
  },
  {
    bug: "line: transactions take a connection before their turn",
    ...line,
    find: 'this.#state = "taken";',
    replace: ";",
  },
  {
    bug: "line: a pool that drains does not know of it",
    ...line,
    find: "this.#pool.expect();",
    replace: "",
  },
  {
    bug: "line: whoever has just left it is expected for ever",
    ...line,
    find: "if (this.#members.delete(member) && member.isAnnounced) this.#pool.arrived();",
    replace: "if (member.isAnnounced) this.#pool.arrived();",
  },
  {
    bug: "line: a transaction that fails in its turn keeps it",
    ...line,
    find: "return await work();\n    } finally {",
    replace: "return await work();\n    } catch (error) {\n      throw error;\n    } {",
  },
];
