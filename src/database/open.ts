/**
 * Opens a database: checks the options, finds the driver, creates the pools and assembles the
 * database.
 *
 * @module
 */

import { nativeDriver } from "../../adapters/native_driver.ts";
import { systemEnvironment } from "../platform/clock.ts";
import { notify } from "../pool/hooks.ts";
import { PoolConnectionOpenError } from "../pool/errors.ts";
import { runStep } from "../pool/step.ts";
import type { Driver, DriverOpenOptions } from "../driver/driver.ts";
import { SQLiteError } from "../sqlite/errors.ts";
import type { DriverConnection } from "../driver/connection.ts";
import * as resultCode from "../sqlite/result_codes.ts";
import type { OnTiming } from "../driver/timing.ts";
import type { OpenRequest, WorkerDriverName } from "../worker/wire/wire.ts";
import { Elsewhere } from "../process/elsewhere.ts";
import { backUp } from "./backup.ts";
import type { Connection } from "../connections/connection.ts";
import { SQLiteConnectionPool } from "../connections/connection_pool.ts";
import type { Database } from "./database.ts";
import { LocalDatabase } from "./local_database.ts";
import {
  type DatabaseOptions,
  resolveDatabaseOptions,
  type ResolvedDatabaseOptions,
} from "./options.ts";
import { type LocalLocation, parseLocalLocation } from "../sqlite/location.ts";
import {
  expectImmutable,
  expectInThreads,
  explainOpenFailure,
  explainReaderError,
  inspect,
} from "./open_errors.ts";
import {
  currentSettings,
  refuseJournalMode,
  restoreStatements,
  setUpStatements,
} from "./pragmas.ts";
import { setUpOpened } from "../driver/set_up/opened.ts";
import { moduleOnly } from "../driver/set_up/options.ts";
import type { Role } from "../connections/observation/operation.ts";
import type { DatabaseWarning } from "../connections/observation/warning.ts";
import { Router } from "./router.ts";
import { sharedSync } from "./writing/durability.ts";
import { fileStatus } from "../platform/builtins.ts";
import type { ConnectionFactory } from "../connections/connection_manager.ts";
import { FileWatch } from "./file_watch.ts";
import { FileShare } from "../connections/locking/file_registry.ts";
import { threadTable } from "../connections/locking/thread_table.ts";

const MEMORY = ":memory:";
const NEVER = { idleTimeoutMs: Infinity, maxLifetimeMs: Infinity, maxUses: Infinity };

/** Opens a database; see `openDatabase`. */
export async function open<R>(
  location: string | URL,
  folder: string | undefined,
  options: DatabaseOptions<R>,
): Promise<Database<R>> {
  const resolved = resolveDatabaseOptions(options, folder);
  // Checked first: without SQLite no location is valid.
  const driver = resolved.driver === "auto" ? await nativeDriver() : resolved.driver;
  const parsed = parseLocalLocation(location, folder, "openDatabase");
  return await new Opening(parsed, driver, resolved).open();
}

/** The connections by purpose. */
interface Pools<R> {
  readonly writer: SQLiteConnectionPool<R> | undefined;
  readonly readers: SQLiteConnectionPool<R>;
  readonly inline: SQLiteConnectionPool<R> | undefined;
}

/** A database that is being opened. */
class Opening<R> {
  readonly #location: LocalLocation;
  readonly #path: string;
  readonly #driver: Driver;
  readonly #options: ResolvedDatabaseOptions<R>;
  readonly #readonly: boolean;
  readonly #router: Router | undefined;
  readonly #elsewhere: Elsewhere | undefined;
  /** The first connection is opened before its pool exists. */
  #first: DriverConnection | undefined = undefined;
  #file: FileWatch | undefined = undefined;

  constructor(
    location: LocalLocation,
    driver: Driver,
    options: ResolvedDatabaseOptions<R>,
  ) {
    this.#location = location;
    this.#path = location.kind === "memory" ? MEMORY : location.path;
    this.#driver = driver;
    this.#options = options;
    this.#readonly = options.readonly || (location.kind === "file" && location.mode === "ro");
    // A database in memory has a single connection, so it cannot be in both places.
    const auto = options.execution === "auto" && location.kind === "file";
    this.#router = auto ? new Router() : undefined;
    const { execution, worker, processes } = options;
    if (execution === "inline") return;
    expectInThreads(driver, execution);
    moduleOnly(options.prepare, `execution "${execution}"`);
    if (execution === "auto" && !auto) return;
    this.#elsewhere = new Elsewhere(execution === "process" ? "processes" : "threads", {
      ...{ worker, processes, onTiming: this.#access(true).onTiming, untrusted: options.untrusted },
      request: (readonly) => this.#request(readonly),
    });
  }

  #request(readonly: boolean): OpenRequest {
    const driver = this.#driver.name as WorkerDriverName;
    const { onTiming: _, ...access } = this.#access(readonly);
    const prepare = moduleOnly(this.#options.prepare, `execution "${this.#options.execution}"`);
    return { ...access, ...prepare, driver, path: this.#path };
  }

  async open(): Promise<Database<R>> {
    if (this.#options.immutable) expectImmutable(this.#location, this.#driver);
    // Checked before the file is opened, since closing it would drop the other library's locks.
    const existing = this.#exists() ? this.#share() : undefined;
    try {
      this.#first = await this.#connectFirst();
    } catch (error) {
      existing?.giveUp();
      throw this.#explain(error);
    }
    const share = existing ?? await this.#shareNew(this.#first);
    this.#file = share && this.#watch();
    const pools = this.#makePools(share);
    try {
      await inspect(pools.writer ?? pools.readers, {
        driver: this.#driver.name,
        readonly: this.#readonly,
        untrusted: this.#options.untrusted,
        warn: (warning) => this.#warn(warning),
      });
    } catch (error) {
      await Promise.all([pools.writer?.close({ timeoutMs: 0 }), pools.readers.close()]);
      share?.giveUp();
      throw error instanceof PoolConnectionOpenError ? error.cause : this.#explain(error);
    }
    return await this.#assemble(pools, share);
  }

  /** Opens the first connection with the time limit that later ones get from their pool. */
  #connectFirst(): Promise<DriverConnection> {
    const { clock } = systemEnvironment;
    const limit = { clock, name: "open", timeoutMs: this.#options.operationTimeoutMs };
    return new Promise((resolve, reject) => {
      runStep(
        limit,
        () => this.#connect(this.#readonly, this.#elsewhere),
        (outcome) => outcome.ok ? resolve(outcome.value) : reject(outcome.error),
        (late) => void runStep(limit, () => late.close(), () => {}),
      );
    });
  }

  /** Not every driver can be told not to create a missing file. */
  #expectFile(): void {
    if (this.#location.kind === "memory" || this.#location.mode === "rwc" && !this.#readonly) {
      return;
    }
    if (this.#exists()) return;
    throw new SQLiteError("unable to open database file", resultCode.CANTOPEN);
  }

  #exists(): boolean {
    return this.#location.kind === "file" && fileStatus(this.#path) !== undefined;
  }

  /** For metrics and traces, which should not tell the folder. */
  get #name(): string {
    return this.#options.pool.name ?? this.#path.replace(/^.*[/\\]/, "");
  }

  #explain(error: unknown): unknown {
    const abandoned = this.#elsewhere?.threads?.abandoned;
    return explainOpenFailure(this.#path, this.#readonly, error, abandoned);
  }

  #watch(): FileWatch {
    return new FileWatch(
      this.#path,
      systemEnvironment.clock,
      (message) => this.#warn({ kind: "database moved", message }),
    );
  }

  #share(): FileShare {
    return new FileShare(this.#path, this.#driver, systemEnvironment, threadTable());
  }

  async #shareNew(first: DriverConnection): Promise<FileShare | undefined> {
    if (this.#location.kind === "memory") return undefined;
    try {
      return this.#share();
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  #makePools(share: FileShare | undefined): Pools<R> {
    const writer = this.#readonly ? undefined : this.#pool("writer", 1, share);
    if (writer !== undefined && share === undefined) {
      return { writer, readers: writer, inline: undefined };
    }
    const readers = this.#pool("reader", this.#options.readers, share);
    return { writer, readers, inline: this.#router && this.#inlinePool(share) };
  }

  /** One connection is enough for statements that complete synchronously. */
  #inlinePool(share: FileShare | undefined): SQLiteConnectionPool<R> {
    return this.#poolOf("reader", () => this.#connect(true, undefined), { poolSize: 1, share });
  }

  #pool(role: Role, poolSize: number, share: FileShare | undefined): SQLiteConnectionPool<R> {
    const open = () => this.#takeFirst(role) ?? this.#connect(role === "reader", this.#elsewhere);
    const pipelines = this.#elsewhere !== undefined;
    const stops = this.#elsewhere?.stops;
    return this.#poolOf(role, Object.assign(open, { pipelines, stops }), { poolSize, share });
  }

  #poolOf(
    role: Role,
    factory: ConnectionFactory,
    { poolSize, share }: { poolSize: number; share: FileShare | undefined },
  ): SQLiteConnectionPool<R> {
    const { pool, durability, pragmas, untrusted, queryTimeoutMs } = this.#options;
    const inMemory = share === undefined;
    const context = { role, durability, untrusted, inMemory, readonly: this.#readonly };
    const statements = setUpStatements(pragmas, context);
    const restore = restoreStatements(statements);
    const onConnect = async (connection: Connection<R>): Promise<void> => {
      // Uses values(), since the user's row factory must not receive rows of pragmas.
      for (const statement of statements) await connection.values(statement);
      if (pool.onConnect === undefined) return;
      await pool.onConnect(connection);
      const ask = async (query: string) => (await connection.values(query))[0]?.[0];
      const current = await currentSettings(restore, ask);
      restore.splice(0, restore.length, ...current);
    };
    // A database in memory is lost with its connection.
    const limits = {
      ...(inMemory && NEVER),
      ...(role === "writer" && { acquisitionTimeoutMs: this.#options.writeQueueTimeoutMs }),
    };
    return new SQLiteConnectionPool<R>(
      factory,
      { ...pool, ...limits, poolSize, onConnect, onWarning: (warning) => this.#warn(warning) },
      {
        identity: { name: this.#name, role },
        turn: share?.file.turn,
        users: role === "writer" && !inMemory ? "writers" : "anybody",
        explain: role === "reader" ? explainReaderError : undefined,
        queryTimeoutMs,
        ...(inMemory ? { sharesReads: false } : { refuseSetting: refuseJournalMode }),
        restore,
        explainOpen: (error) => this.#explain(error),
      },
    );
  }

  #takeFirst(role: Role): DriverConnection | undefined {
    if (role === "reader" && !this.#readonly) return undefined;
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  /** Opens a connection. */
  #connect(
    readonly: boolean,
    elsewhere: Elsewhere | undefined,
  ): DriverConnection | PromiseLike<DriverConnection> {
    // A connection to a different file than the others' would be worse than none.
    this.#file?.expectSameNow();
    this.#expectFile();
    if (elsewhere !== undefined) return elsewhere.connect(readonly);
    const role = readonly ? "reader" : "writer";
    const opened = this.#driver.open(this.#path, this.#access(readonly));
    return setUpOpened(opened, this.#options.prepare, { role, driver: this.#driver.name });
  }

  #access(readonly: boolean): DriverOpenOptions {
    const { intMode = "number", statementCacheSize } = this.#options.pool;
    const create = this.#location.kind === "memory" || this.#location.mode === "rwc";
    const router = this.#router;
    const onTiming: OnTiming | undefined = router && ((sql, ms) => router.took(sql, ms));
    const { immutable } = this.#options;
    const allowExtensions = this.#options.prepare.extensions.length > 0;
    return {
      ...{ readonly, create, immutable, allowExtensions },
      ...{ intMode, statementCacheSize, onTiming },
    };
  }

  #warn(warning: DatabaseWarning): void {
    notify("onWarning", this.#options.onWarning, warning);
  }

  async #assemble(
    { writer, readers, inline }: Pools<R>,
    share: FileShare | undefined,
  ): Promise<Database<R>> {
    const { pool, queryTimeoutMs, maxReadTransactionMs } = this.#options;
    const { writeQueueTimeoutMs, operationTimeoutMs } = this.#options;
    return new LocalDatabase<R>({
      path: this.#path,
      name: pool.name,
      driver: this.#driver.name,
      execution: this.#options.execution,
      writer,
      readers,
      inline,
      router: this.#router,
      inMemory: share === undefined,
      sync: await sharedSync(writer && share && this.#path, this.#driver, this.#options),
      clock: systemEnvironment.clock,
      queryTimeoutMs,
      writeQueueTimeoutMs,
      maxWaiting: pool.maxWaiting ?? Infinity,
      operationTimeoutMs,
      maxReadTransactionMs,
      rowFactory: pool.rowFactory,
      onLongRead: () =>
        this.#warn({
          kind: "long read",
          message: `A read of ${JSON.stringify(this.#path)} has held its snapshot for more than ` +
            `${maxReadTransactionMs} ms. The write-ahead log cannot shrink until it ends.`,
        }),
      file: this.#file,
      threads: () => this.#elsewhere?.threads,
      processes: () => this.#elsewhere?.processes,
      backup: backUp(
        readers,
        this.#elsewhere === undefined ? this.#driver : undefined,
        systemEnvironment.clock,
      ),
      onClosed: () => share?.giveUp(),
    });
  }
}
