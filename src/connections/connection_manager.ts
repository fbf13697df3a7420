/**
 * Opens, checks, resets and closes the connections of a pool.
 *
 * @module
 */

import { adaptHandle } from "../../adapters/detect.ts";
import { UnsupportedHandleError } from "../driver/errors.ts";
import { OnDemand } from "../pool/on_demand.ts";
import { isPromiseLike } from "../platform/promise_like.ts";
import type { Lifecycle } from "../pool/pool.ts";
import type { DriverConnection } from "../driver/connection.ts";
import { isBusy } from "./locking/busy_retry.ts";
import type { FileShare, Library } from "./locking/file_registry.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionContext } from "./connection_context.ts";
import { AS_VALUES, NO_ROWS, type RowDefaults } from "./query.ts";
import type { ResolvedSqliteOptions } from "./pool_options.ts";
import type { PhysicalConnection } from "./physical_connection.ts";
import { TemporaryHolder } from "./holder.ts";
import type { Watch } from "./observation/watch.ts";

/** Opens one connection: a raw handle of a supported driver, or an object with three methods. */
export interface ConnectionFactory {
  /** Called once for each connection; every call must open a new one. */
  (): object | PromiseLike<object>;
  /** Whether its connections take many calls at once. */
  readonly pipelines?: boolean;
  /** Whether ending a connection stops the statement that runs there. */
  readonly stops?: boolean;
}

/** How a new connection is set up before it is used. */
export interface SetUp<R> {
  readonly onConnect: ((connection: Connection<R>) => unknown) | undefined;
  /** Rewords an error of opening for the owner of the pool. */
  readonly explainOpen: ((error: unknown) => unknown) | undefined;
  readonly rows: RowDefaults<R>;
  /** Whether to record which library has which file open; a database does so for its pools. */
  readonly claimsFiles: boolean;
  /** Whether to probe it with a statement. */
  readonly probes: boolean;
}

/** Code that every connection needs; loaded with the first one. */
export const physicalConnections: OnDemand<typeof import("./physical_connection.ts")> =
  new OnDemand("The code of connections", () => import("./physical_connection.ts"));

/** The code of leased connections: transactions, scripts and cursors; loaded with the first one. */
export const heldConnections: OnDemand<typeof import("./leased_connection.ts")> = new OnDemand(
  "The code of leases",
  () => import("./leased_connection.ts"),
);

/** Loaded with the first file, since pools in memory or of unknown libraries do not need it. */
const registries: OnDemand<typeof import("./locking/file_registry.ts")> = new OnDemand(
  "The registry of open files",
  () => import("./locking/file_registry.ts"),
);

/** The cheapest statement that needs a working connection; it uses no table. */
const PROBE = "SELECT 1 AS ok";

/** Creates physical connections from what a factory returns. */
export class ConnectionManager<R> implements Lifecycle<PhysicalConnection> {
  readonly #factory: ConnectionFactory;
  readonly #options: ResolvedSqliteOptions;
  readonly #context: ConnectionContext<PhysicalConnection>;
  readonly #setUp: SetUp<R>;
  readonly watch: Watch;
  /** Handles in use, to detect a factory that returns the same one twice. */
  readonly #handles = new Set<unknown>();
  readonly #shares = new Map<PhysicalConnection, FileShare>();
  /** The file that another library has open. */
  #refused: { readonly path: string; readonly library: Library } | undefined = undefined;

  constructor(
    factory: ConnectionFactory,
    options: ResolvedSqliteOptions,
    context: ConnectionContext<PhysicalConnection>,
    setUp: SetUp<R>,
    watch: Watch,
  ) {
    this.#factory = factory;
    this.#options = options;
    this.#context = context;
    this.#setUp = setUp;
    this.watch = watch;
  }

  open(): PhysicalConnection | Promise<PhysicalConnection> {
    this.#expectOwnFile();
    const handle = this.#factory();
    if (!isPromiseLike(handle)) return this.#admit(handle);
    return Promise.resolve(handle).then((opened) => this.#admit(opened));
  }

  explainOpen(error: unknown): unknown {
    return this.#setUp.explainOpen?.(error);
  }

  validate({ driver }: PhysicalConnection): unknown {
    return probe(driver);
  }

  reset(physical: PhysicalConnection): void | Promise<void> {
    return physical.reset();
  }

  isBroken({ driver }: PhysicalConnection): boolean {
    return driver.isLost === true;
  }

  close(physical: PhysicalConnection): void | Promise<void> {
    this.#handles.delete(physical.driver.raw);
    const share = this.#shares.get(physical);
    if (share === undefined) return physical.close();
    this.#shares.delete(physical);
    return this.#closeFile(physical, share);
  }

  async #closeFile(physical: PhysicalConnection, share: FileShare): Promise<void> {
    try {
      await physical.close();
    } finally {
      share.giveUp();
    }
  }

  /** Does not open a connection that would again have to be kept open. */
  #expectOwnFile(): void {
    if (this.#refused === undefined) return;
    const { path, library } = this.#refused;
    registries.now?.shareFile(path, library).giveUp();
    this.#refused = undefined;
  }

  #admit(handle: object): PhysicalConnection | Promise<PhysicalConnection> {
    const { intMode, statementCacheSize } = this.#options;
    const connection = adaptHandle(handle, { intMode, statementCacheSize });
    if (!isPromiseLike(connection)) return this.#enter(connection);
    return connection.then((adapted) => this.#enter(adapted));
  }

  #enter(connection: DriverConnection): PhysicalConnection | Promise<PhysicalConnection> {
    if (physicalConnections.now === undefined) {
      return this.#loadThen(physicalConnections, connection, () => this.#enter(connection));
    }
    if (this.#handles.has(connection.raw)) {
      throw new UnsupportedHandleError(
        "The factory returned a connection that is already in the pool. Each call must open a new " +
          "one: two callers on one connection would share its transactions.",
      );
    }
    this.#handles.add(connection.raw);
    const path = this.#setUp.claimsFiles ? mainFileOf(connection) : undefined;
    if (path === undefined) return this.#start(connection, undefined);
    if (!isPromiseLike(path)) return this.#claim(connection, path);
    return path.then((found) =>
      found === undefined ? this.#start(connection, undefined) : this.#claim(connection, found)
    );
  }

  /** Continues with a new connection once code is loaded; closes it if loading fails. */
  #loadThen(
    code: OnDemand<unknown>,
    connection: DriverConnection,
    next: () => PhysicalConnection | Promise<PhysicalConnection>,
  ): Promise<PhysicalConnection> {
    // Concurrent connections continue in order of arrival, including failures.
    return code.load().then(next, (error) => {
      this.#handles.delete(connection.raw);
      return failAfter(() => connection.close(), error);
    });
  }

  #claim(
    connection: DriverConnection,
    path: string,
  ): PhysicalConnection | Promise<PhysicalConnection> {
    const registry = registries.now;
    if (registry === undefined) {
      return this.#loadThen(registries, connection, () => this.#claim(connection, path));
    }
    const { raw, library, closesLate } = connection;
    const known = { library: library!, closesLate };
    let share: FileShare;
    try {
      share = registry.shareFile(path, known);
    } catch (error) {
      this.#refused = { path, library: known };
      this.#handles.delete(raw);
      registry.keepOpen(path, connection);
      throw error;
    }
    return this.#start(connection, share);
  }

  #start(
    connection: DriverConnection,
    share: FileShare | undefined,
  ): PhysicalConnection | Promise<PhysicalConnection> {
    const { PhysicalConnection } = physicalConnections.now!;
    const physical = new PhysicalConnection(connection, this.#context);
    if (share !== undefined) this.#shares.set(physical, share);
    const lend = (): PhysicalConnection => {
      physical.watch = this.watch;
      // A factory of the user's own may open connections in threads.
      const isElsewhere = connection.backlogMs !== undefined;
      if (isElsewhere && this.watch.place === "inline") this.watch.place = "worker";
      return physical;
    };
    try {
      const ready = this.#prepare(physical);
      if (!isPromiseLike(ready)) return lend();
      return ready.then(lend, (error) => this.#turnAway(physical, error));
    } catch (error) {
      return this.#turnAway(physical, error);
    }
  }

  #prepare(physical: PhysicalConnection): void | Promise<void> {
    const { driver } = physical;
    // A synchronous driver must not wait for locks itself: see BusyRetry.
    driver.executeSync?.("PRAGMA busy_timeout = 0");
    const probed = this.#setUp.probes ? this.#probe(physical) : undefined;
    if (this.#setUp.onConnect === undefined && !isPromiseLike(probed)) return;
    return this.#introduce(physical, probed);
  }

  /** Waits for a file that is locked exclusively by another connection. */
  #probe(physical: PhysicalConnection): unknown {
    const { driver } = physical;
    try {
      if (driver.executeSync !== undefined) return probe(driver);
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    const holder = new TemporaryHolder(physical);
    return physical.runOwn(holder, PROBE, undefined, NO_ROWS, () => {});
  }

  async #introduce(physical: PhysicalConnection, probed: unknown): Promise<void> {
    await probed;
    const { onConnect, rows } = this.#setUp;
    if (onConnect === undefined) return;
    const { HeldConnection } = await heldConnections.load();
    const holder = new TemporaryHolder(physical);
    try {
      await onConnect(new HeldConnection(holder, rows));
    } finally {
      holder.end();
    }
    physical.markSetUp();
    await physical.reset();
  }

  #turnAway(physical: PhysicalConnection, error: unknown): Promise<never> {
    return failAfter(() => this.close(physical), error);
  }
}

/** The original error takes precedence over an error of closing. */
async function failAfter(close: () => unknown, error: unknown): Promise<never> {
  try {
    await close();
  } catch {
    // See above.
  }
  throw error;
}

function probe(connection: DriverConnection): unknown {
  if (connection.executeSync === undefined) return connection.execute(PROBE);
  return void connection.executeSync(PROBE);
}

const LIST = "PRAGMA database_list";

/** Returns the file of a connection; `undefined` in memory or if its library is unknown. */
function mainFileOf(
  connection: DriverConnection,
): string | undefined | Promise<string | undefined> {
  if (connection.library === undefined) return undefined;
  if (connection.path !== undefined) return connection.path;
  try {
    if (connection.executeSync === undefined) {
      return connection.execute(LIST, undefined, AS_VALUES).then(pathIn, () => undefined);
    }
    return pathIn(connection.executeSync(LIST, undefined, AS_VALUES));
  } catch {
    // The following probe reports what is wrong.
    return undefined;
  }
}

function pathIn({ rows }: { readonly rows: readonly unknown[][] }): string | undefined {
  const main = rows.find(([, schema]) => schema === "main");
  return main?.[2] ? String(main[2]) : undefined;
}
