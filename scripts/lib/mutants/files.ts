// Known bugs of database files: where they are, who has them open, and what becomes of copies.

import type { Mutant } from "./mutant.ts";

/** A mutant whose guard is in tests/database. */
const mutants: readonly Mutant[] = [
  {
    bug: "files: a relative path is resolved for each connection",
    file: "src/platform/builtins.ts",
    find: "if (folder === undefined) return path;",
    replace: "if (folder !== undefined) return path;",
    guard: "locations.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "files: the URL of another library becomes a file of its name",
    file: "src/sqlite/location.ts",
    find: "  refuseUrls(text);\n",
    replace: "",
    guard: "locations.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "files: a failed backup leaves its file",
    file: "src/database/backup.ts",
    find: "        file.removeRest();\n",
    replace: "",
    guard: "backup.test.ts",
    timeoutMs: 120_000,
  },
  {
    bug: "files: a backup overwrites a file that has appeared meanwhile",
    file: "src/database/backup.ts",
    find: "files?.linkSync(this.temporaryPath, this.#path);",
    replace: "files?.renameSync(this.temporaryPath, this.#path);",
    guard: "backup.test.ts",
    timeoutMs: 120_000,
  },
  {
    bug: "files: a backup goes on when its caller has gone",
    file: "src/database/backup.ts",
    find: "caller.leave(error);",
    replace: "",
    guard: "backup.test.ts",
    timeoutMs: 120_000,
  },
  {
    bug: "files: a replaced file is written to",
    file: "src/database/file_watch.ts",
    find: "if (found.ino === this.#opened.ino && found.dev === this.#opened.dev) return undefined;",
    replace: "return undefined;",
    guard: "file_watch.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "files: later connections open the file that has the name by then",
    file: "src/database/open.ts",
    find: "    this.#file?.expectSameNow();\n",
    replace: "",
    guard: "access.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "files: immutable overlooks commits in the log",
    file: "src/database/open_errors.ts",
    find: "if (log === undefined || log.size === 0n) return;",
    replace: "return;",
    guard: "access.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "files: libraries are not known across threads",
    file: "src/connections/locking/file_registry.ts",
    find: "const elsewhere = file && threads?.claim(file, library);",
    replace: "const elsewhere = undefined as OtherLibrary | undefined;",
    guard: "libraries.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "files: a pool closes a handle that it refuses",
    file: "src/connections/connection_manager.ts",
    find: "      registry.keepOpen(path, connection);\n",
    replace: "      void connection.close();\n",
    guard: "libraries.test.ts",
    timeoutMs: 60_000,
  },
  {
    bug: "files: settings that a script changed are not put back",
    file: "src/database/pragmas.ts",
    find: '[...setUp.filter((statement) => nameOf(statement) !== "journal_mode"), ...HARMFUL]',
    replace: "[...HARMFUL]",
    guard: "settings.test.ts",
  },
];

export const fileMutants: readonly Mutant[] = mutants.map((mutant) => ({
  ...mutant,
  guard: `tests/database/${mutant.guard}`,
}));
