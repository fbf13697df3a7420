/**
 * What all databases of this process that are on one file share: the turn to write, and the
 * SQLite library that has it open.
 *
 * @module
 */

import type { Environment } from "../pool/clock.ts";
import { SQLiteLibraryConflictError } from "../pool/errors.ts";
import { fileStatus } from "./runtime_modules.ts";
import type { Session } from "./session.ts";
import { WriteTurn } from "./write_turn.ts";

/** A file that is open in this process. */
export interface SharedFile {
  readonly turn: WriteTurn<Session>;
  readonly library: string;
  users: number;
}

// On the global object, so that two copies of this package in one process know of each other.
const REGISTRY = Symbol.for("@sqlitepool/pool: open files");

function openFiles(): Map<string, SharedFile> {
  const host = globalThis as { [REGISTRY]?: Map<string, SharedFile> };
  return host[REGISTRY] ??= new Map();
}

/** What a file is called, whatever path leads to it: links and spellings do not matter. */
function identify(path: string): string {
  const status = fileStatus(path);
  return status === undefined ? `path ${path}` : `file ${status.dev}:${status.ino}`;
}

/** One database's part in a shared file. */
export class FileShare {
  readonly file: SharedFile;
  readonly #key: string;
  #state: "held" | "given up" = "held";

  /**
   * @param path the file, which exists by now.
   * @param library names the SQLite library that opens it.
   * @throws {SQLiteLibraryConflictError} when another library has it open. POSIX locks belong to
   *   the process, so the two would not see each other's: closing one drops the other's locks.
   *   See https://sqlite.org/howtocorrupt.html, "multiple copies of SQLite linked".
   */
  constructor(path: string, library: string, environment: Environment) {
    this.#key = identify(path);
    const files = openFiles();
    const known = files.get(this.#key);
    if (known !== undefined && known.library !== library) {
      throw new SQLiteLibraryConflictError(
        `${JSON.stringify(path)} is open in this process through ${known.library} and would now ` +
          `be opened through ${library}. Two SQLite libraries on one file lose data: use one ` +
          "driver for it, or close the other database first.",
      );
    }
    this.file = known ?? { turn: new WriteTurn<Session>(environment), library, users: 0 };
    this.file.users += 1;
    files.set(this.#key, this.file);
  }

  /** Ends this part; the last one to leave takes the entry with it. */
  giveUp(): void {
    if (this.#state === "given up") return;
    this.#state = "given up";
    this.file.users -= 1;
    if (this.file.users === 0) openFiles().delete(this.#key);
  }
}
