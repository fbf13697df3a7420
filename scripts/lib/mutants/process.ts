// Known bugs of statements in processes.

import type { Mutant } from "./mutant.ts";

const ANNOUNCEMENTS = "tests/process/announcements.test.ts";
const COMMIT_GRACE = "tests/process/commit_grace.test.ts";

export const processMutants: readonly Mutant[] = [
  {
    bug: "process: commits are not announced",
    file: "src/worker/server/server.ts",
    find: 'if (this.#mode === "announces") this.#announce();',
    replace: "",
    guard: ANNOUNCEMENTS,
  },
  {
    bug: "process: an announcement goes for all calls",
    file: "src/worker/pending_calls.ts",
    find: "call.isAnnounced && call !== committing",
    replace: "call.isAnnounced && committing === undefined",
    guard: ANNOUNCEMENTS,
  },
  {
    bug: "process: a kill does not wait for the commit",
    file: "src/worker/kill_after_commit.ts",
    find: "committing === undefined",
    replace: "true",
    guard: COMMIT_GRACE,
  },
  {
    bug: "process: a commit is never killed",
    file: "src/worker/kill_after_commit.ts",
    find: "calls.committing === committing",
    replace: "false",
    guard: COMMIT_GRACE,
  },
  {
    bug: "process: an announcement outlives its reply",
    file: "src/worker/pending_calls.ts",
    find: 'take(): Call {\n    this.#announced = "nothing";',
    replace: "take(): Call {",
    guard: ANNOUNCEMENTS,
  },
  {
    bug: "process: a frame is read from where the chunk begins",
    file: "src/worker/wire/frame_reader.ts",
    find: "this.#decode(chunk.subarray(at, at + length));",
    replace: "this.#decode(chunk.subarray(0, length));",
    guard: "tests/process/frames.test.ts",
  },
];
