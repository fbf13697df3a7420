// Known bugs of statements in threads, each as a change to one place of src/worker.

import type { Mutant } from "./mutant.ts";

/** The guards take about a second. */
const WAITS_FOREVER_MS = 8_000;

/** A mutant with the names of files in src/worker and tests/worker. */
const mutants: readonly Mutant[] = [
  {
    bug: "thread: what an onTiming throws loses the host its place",
    file: "channel.ts",
    find: "if (this.#onTiming !== undefined) reportTiming(this.#onTiming, sql, ms);",
    replace: "this.#onTiming?.(sql, ms);",
    guard: "callbacks.test.ts",
  },
  {
    bug: "thread: rows are made where the answer is read, in nobody's async context",
    file: "worker_connection.ts",
    find:
      "withRows(this.#channel.execute(kind, sql, params, firstRowOnly, readArrays), rowFactory)",
    replace: "this.#channel.execute(kind, sql, params, firstRowOnly, (reader, columns) =>\n" +
      "          readArrays(reader, columns).map((row) => rowFactory(row, columns)))",
    guard: "callbacks.test.ts",
  },
  {
    bug: "thread: bytes are copied at the end of the turn",
    file: "wire/wire.ts",
    find: "else this.buffer(new Uint8Array(value).buffer);",
    replace: "else this.parts.push(value as unknown as ArrayBuffer);",
    guard: "channel.test.ts",
  },
  {
    bug: "thread: the caller's own memory travels, with all that is in it",
    file: "wire/wire.ts",
    find: "else this.buffer(new Uint8Array(value).buffer);",
    replace: "else this.buffer(value.buffer as ArrayBuffer);",
    guard: "channel.test.ts",
    timeoutMs: WAITS_FOREVER_MS,
  },
  {
    bug: "thread: a cursor takes its parameters when it is read",
    file: "worker_connection.ts",
    find: "const taken = takeParams(params);",
    replace: "const taken = params;",
    guard: "iterate.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "thread: preloads run in threads",
    file: "thread.ts",
    find: ", ...withoutPreloads() };",
    replace: " };",
    guard: "preloads.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "thread: statements are forgotten by the host alone",
    file: "known_statements.ts",
    find: "this.#tellForgotten(id);",
    replace: "",
    guard: "channel.test.ts",
  },
  {
    bug: "thread: statements that are forgotten keep their numbers",
    file: "known_statements.ts",
    find: "this.#free.push(id);",
    replace: "",
    guard: "channel.test.ts",
  },
  {
    bug: "thread: the longest texts are kept for ever",
    file: "known_statements.ts",
    find: "if (sql.length > MOST_CHARACTERS_OF_A_TEXT) this.#forget(statement);",
    replace: "",
    guard: "channel.test.ts",
  },
  {
    bug: "thread: what had not been sent counts as sent",
    file: "pending_calls.ts",
    find: "if (i >= sent)",
    replace: "if (false as boolean)",
    guard: "channel.test.ts",
  },
  {
    bug: "thread: an answer that cannot be read leaves its call waiting",
    file: "channel.ts",
    find: "call.fail(error);\n        throw error;",
    replace: "throw error;",
    guard: "channel.test.ts",
    timeoutMs: WAITS_FOREVER_MS,
  },
  {
    bug: "thread: a statement runs although its transaction has ended",
    file: "server/server.ts",
    find: "kind === request.executeInTransaction && !this.#connection.inTransaction",
    replace: "kind === request.script",
    guard: "server.test.ts",
  },
];

export const workerMutants: readonly Mutant[] = mutants.map((mutant) => ({
  ...mutant,
  file: `src/worker/${mutant.file}`,
  guard: `tests/worker/${mutant.guard}`,
}));
