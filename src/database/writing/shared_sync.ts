/**
 * Transactions that share a sync.
 *
 * With durability "full" each COMMIT waits for the disk, and others wait for the write lock
 * meanwhile. When others wait, a transaction is committed without a sync instead
 * (`synchronous = NORMAL`), which lets the next one begin, and its caller is answered once the log
 * has been synced: one sync makes everything before it durable. A transaction that meets no other
 * is synced by SQLite, which is faster for one.
 *
 * @module
 */

import type { PhysicalConnection } from "../../connections/physical_connection.ts";
import { AS_VALUES } from "../../connections/query.ts";
import { messageOf } from "../../platform/describe.ts";
import { OutcomeUnknownError } from "../../pool/errors.ts";
import { SQLiteError } from "../../sqlite/errors.ts";
import * as resultCode from "../../sqlite/result_codes.ts";
import { LogFile } from "./log_file.ts";

const UNSYNCED = "PRAGMA synchronous = NORMAL";
/** FULL or EXTRA, as the setup or a user's onConnect has it. */
const SYNCED = /^PRAGMA synchronous = (?:FULL|EXTRA|2|3)$/i;

/** A connection of the writer. */
interface Writer {
  /** Whether SQLite syncs its commits; "unknown" after somebody may have changed that. */
  commits: "synced" | "unsynced" | "unknown";
  /** What is synced otherwise: opened with the first such commit; `undefined` if it cannot be. */
  log: LogFile | undefined | "not opened yet";
}

/** How the commits of a database's writer become durable. */
export class SharedSync {
  readonly #path: string;
  readonly #writers = new WeakMap<PhysicalConnection, Writer>();
  /** The connection of the last transaction. */
  #last: Writer | undefined = undefined;
  /** After an error nobody knows what the disk has. */
  #disk: "sound" | { readonly error: unknown } = "sound";

  /** @param path the database file. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Prepares a connection for a transaction of its database, which is followed by `commit`.
   *
   * @param shares whether others wait to share its sync.
   * @returns what to wait for, if the last sync has failed.
   * @throws {SQLiteError} if nothing can be made durable any more.
   */
  begin(physical: PhysicalConnection, shares: boolean): void | Promise<void> {
    if (this.#disk !== "sound") return this.#recover(physical, this.#disk.error);
    const writer = this.#last = this.#writerOf(physical);
    if (shares || logOf(writer)?.isSyncing === true) {
      if (writer.commits !== "unsynced" && this.#hasLog(physical, writer)) {
        set(physical, writer, UNSYNCED, "unsynced");
      }
    } else if (writer.commits !== "synced") set(physical, writer, settingOf(physical)!, "synced");
  }

  /**
   * Makes SQLite sync every commit, for a caller who commits as he likes.
   *
   * @throws {SQLiteError} if nothing can be made durable any more.
   */
  async lend(physical: PhysicalConnection): Promise<void> {
    if (this.#disk !== "sound") await this.#recover(physical, this.#disk.error);
    const writer = this.#writerOf(physical);
    if (writer.commits === "synced") return;
    await physical.track(physical.driver.execute(settingOf(physical)!));
    writer.commits = "synced";
  }

  /**
   * Waits until what has been committed is durable.
   *
   * @returns `undefined` if it is.
   * @throws {OutcomeUnknownError} if the log could not be synced.
   */
  commit(): Promise<void> | undefined {
    const writer = this.#last;
    if (writer === undefined || writer.commits === "synced") return undefined;
    const durable = logOf(writer)?.sync().catch((error) => {
      this.#disk = { error };
      throw mayBeLost(error);
    });
    // Whoever waits for something else first must not be late.
    durable?.catch(() => {});
    return durable;
  }

  /** Called after a statement that may have changed the settings, which are then restored. */
  settingsMayHaveChanged(): void {
    if (this.#last?.commits === "unsynced") this.#last.commits = "unknown";
  }

  /** Resolves when all commits are durable or known not to be. Never rejects. */
  async settled(): Promise<void> {
    await logOf(this.#last)?.settled();
  }

  #writerOf(physical: PhysicalConnection): Writer {
    let writer = this.#writers.get(physical);
    if (writer === undefined) {
      // As it was set up.
      writer = { commits: "synced", log: "not opened yet" };
      this.#writers.set(physical, writer);
    }
    return writer;
  }

  #hasLog(physical: PhysicalConnection, writer: Writer): boolean {
    if (writer.log === "not opened yet") {
      writer.log = settingOf(physical) === undefined ? undefined : LogFile.open(this.#path);
      physical.onClose = () => {
        logOf(writer)?.close();
        // There is nothing left that it could commit.
        writer.commits = "synced";
      };
    }
    return writer.log !== undefined;
  }

  /**
   * A failed sync cannot be repeated (see `LogFile`): the log is copied to the database and begins
   * anew.
   */
  async #recover(physical: PhysicalConnection, cause: unknown): Promise<void> {
    const { driver } = physical;
    const checkpoint = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)", undefined, AS_VALUES);
    const { rows: [[busy]] } = await physical.track(checkpoint);
    if (Number(busy) !== 0) throw cannotRecover(cause);
    const writer = this.#last = this.#writerOf(physical);
    await physical.track(driver.execute(settingOf(physical)!));
    writer.commits = "synced";
    logOf(writer)?.close();
    writer.log = "not opened yet";
    this.#disk = "sound";
  }
}

function logOf(writer: Writer | undefined): LogFile | undefined {
  return writer === undefined || writer.log === "not opened yet" ? undefined : writer.log;
}

/** A thread answers in order: this before whatever is sent later. */
function set(
  physical: PhysicalConnection,
  writer: Writer,
  statement: string,
  commits: "synced" | "unsynced",
): void {
  const { driver, activity } = physical;
  if (driver.executeSync === undefined) {
    writer.commits = commits;
    activity.begin();
    // Not tracked, since its end would pass on the turn that the transaction behind it takes.
    driver.execute(statement)
      .catch(() => void (writer.commits = "unknown"))
      .finally(() => activity.end());
    return;
  }
  try {
    driver.executeSync(statement);
    writer.commits = commits;
  } catch {
    // Commits stay as they are.
  }
}

/** As the setup has it, or a user's onConnect; `undefined` if he does not want it. */
function settingOf({ context }: PhysicalConnection): string | undefined {
  return context.restore.find((statement) => SYNCED.test(statement));
}

function mayBeLost(cause: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(
    "The transaction was committed, but its log could not be synced to the disk " +
      `(${messageOf(cause)}): it is lost if the machine stops now. Check the disk.`,
    { cause },
  );
}

function cannotRecover(cause: unknown): SQLiteError {
  const reason = messageOf(cause);
  return new SQLiteError(
    `The disk has failed to sync earlier transactions (${reason}), so later ones are not durable ` +
      "until the write-ahead log has been emptied, which a reader prevents. Nothing was written. " +
      "Check the disk, end long reads, and try again.",
    resultCode.IOERR_FSYNC,
    { cause },
  );
}
