/**
 * What the databases of this process share for each file: the turn to write, and the SQLite library
 * that has it open.
 *
 * @module
 */

import { type Environment, systemEnvironment } from "../../platform/clock.ts";
import { SQLiteLibraryConflictError } from "../../driver/errors.ts";
import { fileStatus } from "../../platform/builtins.ts";
import type { PhysicalConnection } from "../physical_connection.ts";
import type { FileIdentity, OtherLibrary, ThreadTable } from "./thread_table.ts";
import { WriteLock } from "./write_lock.ts";

/** A file that is open in this process. */
export interface SharedFile {
  readonly turn: WriteLock<PhysicalConnection>;
  readonly library: string;
  /** The file's creation time, since its inode number may be reused. */
  readonly born: bigint | undefined;
  /** If empty, the file may still be open because its driver closes late. */
  users: number;
  /** Connections of other libraries, which must not be closed before the file is. */
  kept?: unknown[];
}

// On the global object, so that two copies of this package in one process share it.
const REGISTRY = Symbol.for("@sqlitepool/pool: open files");

function openFiles(): Map<string, SharedFile> {
  const host = globalThis as { [REGISTRY]?: Map<string, SharedFile> };
  return host[REGISTRY] ??= new Map();
}

/** Identifies the file at a path, regardless of links and spelling. */
interface Found {
  readonly key: string;
  readonly file: FileIdentity | undefined;
}

function identify(path: string): Found {
  const file = fileStatus(path);
  return { key: file === undefined ? `path ${path}` : `file ${file.dev}:${file.ino}`, file };
}

/** A SQLite library as described by its driver. */
export interface Library {
  readonly library: string;
  readonly closesLate?: boolean;
}

/** A database's share in an open file. */
export class FileShare {
  readonly file: SharedFile;
  readonly #found: Found;
  readonly #closesLate: boolean;
  readonly #threads: ThreadTable | undefined;
  #state: "held" | "given up" = "held";

  /**
   * @param path an existing file.
   * @param library the library that opens it.
   * @param threads the table of files that other threads have open.
   * @throws {SQLiteLibraryConflictError} when another library has it open. POSIX locks belong to
   *   the process, so the two would not see each other's: closing one drops the other's locks.
   *   See https://sqlite.org/howtocorrupt.html, "multiple copies of SQLite linked".
   */
  constructor(
    path: string,
    { library, closesLate = false }: Library,
    environment: Environment,
    threads: ThreadTable | undefined,
  ) {
    this.#found = identify(path);
    this.#closesLate = closesLate;
    this.#threads = threads;
    const { key, file } = this.#found;
    const born = file?.birthtimeNs;
    const files = openFiles();
    const entry = files.get(key);
    const known = entry?.users === 0 && entry.born !== born ? undefined : entry;
    if (known !== undefined && known.library !== library) {
      throw conflict(path, known, library, "in this process");
    }
    const elsewhere = file && threads?.claim(file, library);
    if (elsewhere !== undefined) {
      throw conflict(path, elsewhere, library, "in another thread of this process");
    }
    this.file = known ??
      { turn: new WriteLock<PhysicalConnection>(environment), library, born, users: 0 };
    this.file.users += 1;
    files.set(key, this.file);
  }

  /** Gives up this share. The last one removes the entry. */
  giveUp(): void {
    if (this.#state === "given up") return;
    this.#state = "given up";
    const { key, file } = this.#found;
    if (file !== undefined) this.#threads?.leave(file, this.#closesLate);
    this.file.users -= 1;
    if (this.file.users === 0 && !this.#closesLate) openFiles().delete(key);
  }
}

/** The share of one connection of a pool. */
export function shareFile(path: string, library: Library): FileShare {
  // Not the pool's own clock, since databases on this file will use it too.
  return new FileShare(path, library, systemEnvironment, undefined);
}

/**
 * Keeps a connection of another library from being garbage-collected, and so closed, while a file
 * is open, since that would drop the locks of the library that has it open.
 */
export function keepOpen(path: string, connection: object): void {
  const file = openFiles().get(identify(path).key);
  if (file !== undefined) (file.kept ??= []).push(connection);
}

function conflict(
  path: string,
  { library: known, users }: OtherLibrary,
  library: string,
  where: string,
): SQLiteLibraryConflictError {
  const [state, remedy] = users > 0
    ? ["is", "or close the other database first"]
    : ["was", `since ${known} keeps files open after they were closed`];
  return new SQLiteLibraryConflictError(
    `${JSON.stringify(path)} ${state} open ${where} through ${known} and would now be opened ` +
      `through ${library}. Two SQLite libraries on one file lose data: use one driver for it, ` +
      `${remedy}.`,
  );
}
