/**
 * The write-ahead log as a file that can be synced without a connection.
 *
 * SQLite locks the database file and the -shm, but never the log (`UNIXFILE_NOLOCK` in os_unix.c),
 * so a descriptor of the log may be opened and closed without dropping its locks. Its name stays the
 * same file's while a connection has it open, because whoever removes it locks the database
 * exclusively.
 *
 * @module
 */

import { builtin, type FileSystem } from "../../platform/builtin.ts";

/** A sync, and everybody who waits for it. */
interface Round {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Permissions {
  querySync?(query: { name: "read" | "write"; path: string }): { readonly state: string };
}

/** An own descriptor of the log. */
export class LogFile {
  readonly #files: FileSystem;
  readonly #descriptor: number;
  #state: "open" | "to be closed" | "closed" = "open";
  /** The error that made it useless; see `sync`. */
  #failure: { readonly error: unknown } | undefined = undefined;
  #running: Round | undefined = undefined;
  #next: Round | undefined = undefined;

  private constructor(files: FileSystem, descriptor: number) {
    this.#files = files;
    this.#descriptor = descriptor;
  }

  /**
   * Opens the log of a database that a connection has open; returns `undefined` if that fails.
   *
   * @param path the database file.
   */
  static open(path: string): LogFile | undefined {
    const files = builtin("node:fs");
    if (files?.fdatasync === undefined) return undefined;
    try {
      // SQLite follows symbolic links too.
      const log = files.realpathSync(path) + "-wal";
      const folder = log.replace(/[^/\\]*$/, "");
      // Deno would ask the user.
      if (!isGranted("write", log) || !isGranted("read", folder)) return undefined;
      // Windows flushes only what may be written.
      const descriptor = files.openSync(log, "r+");
      try {
        syncFolder(files, folder);
        return new LogFile(files, descriptor);
      } catch {
        files.closeSync(descriptor);
        return undefined;
      }
    } catch {
      return undefined;
    }
  }

  /** Whether a sync is in progress. */
  get isSyncing(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Syncs everything that has been written to the log. Calls made while a sync is in progress share
   * the next one.
   *
   * @throws the error of the file system, from then on always: the kernel may have dropped what it
   *   could not write and report success the next time, and SQLite reads the log only up to a gap.
   */
  sync(): Promise<void> {
    const round = this.#next ??= newRound();
    if (this.#running === undefined) this.#start();
    return round.done;
  }

  /** Resolves when no sync is in progress. Never rejects. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running.done.catch(() => {});
  }

  /** Closes the descriptor after the syncs that were asked for. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "to be closed";
    if (this.#running === undefined) this.#end();
  }

  #start(): void {
    const round = this.#running = this.#next;
    this.#next = undefined;
    if (round === undefined) return this.#state === "to be closed" ? this.#end() : undefined;
    const finish = (error?: unknown): void => {
      if (error) this.#failure ??= { error };
      if (this.#failure === undefined) round.resolve();
      else round.reject(this.#failure.error);
      this.#start();
    };
    if (this.#failure !== undefined) return finish();
    try {
      this.#files.fdatasync(this.#descriptor, finish);
    } catch (error) {
      finish(error);
    }
  }

  #end(): void {
    this.#state = "closed";
    this.#files.closeSync(this.#descriptor);
  }
}

/** The connection that creates the log syncs its name with it; here that may have been another. */
function syncFolder(files: FileSystem, folder: string): void {
  // Windows has no such thing, nor does SQLite do it there.
  if (folder.endsWith("\\")) return;
  const descriptor = files.openSync(folder, "r");
  try {
    files.fsyncSync(descriptor);
  } finally {
    files.closeSync(descriptor);
  }
}

function isGranted(name: "read" | "write", path: string): boolean {
  const { Deno } = globalThis as { Deno?: { permissions?: Permissions } };
  const permission = Deno?.permissions?.querySync?.({ name, path });
  return permission === undefined || permission.state === "granted";
}

function newRound(): Round {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  return { done, resolve, reject };
}
