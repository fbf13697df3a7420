/**
 * A database on a libSQL server, or on a primary with replicas.
 *
 * @module
 */

import { type Environment, systemEnvironment } from "../platform/clock.ts";
import { showOnConsole } from "../platform/inspect.ts";
import { keepsRequestsApart, PerTurn, requestEnvironment } from "../platform/turn.ts";
import { PoolClosedError, SQLitePoolError } from "../pool/errors.ts";
import {
  type AcquireOptions,
  checkBoolean,
  checkCallOptions,
  checkCloseOptions,
  type CloseOptions,
  WAIT_OPTION_NAMES,
} from "../pool/options.ts";
import { Counters, gauges } from "../pool/stats.ts";
import type { Row, StatementDescription } from "../sqlite/types.ts";
import type { PoolStats } from "../connections/connection_pool.ts";
import type { PooledConnection } from "../connections/connection.ts";
import type { Role } from "../connections/observation/operation.ts";
import { Watch, type WatchedDatabase, type WatchedPool } from "../connections/observation/watch.ts";
import type { Query } from "../connections/query.ts";
import type { Database, DatabaseConnectionOptions, SessionOptions } from "../database/database.ts";
import { databaseIsClosed } from "../database/database_errors.ts";
import { bookmarkIn } from "../database/session.ts";
import { Calls, stateOf } from "./call.ts";
import { Cluster, type ClusterUrls, loadFollowing, type MakeFollowers } from "./cluster.ts";
import { Log, parseBookmark } from "./position.ts";
import { explained, loadExplain } from "./hrana/explain.ts";
import { RequestFailure } from "./hrana/request_failure.ts";
import { KnownStatements } from "./known_statements.ts";
import type { RemoteStats, ResolvedRemoteOptions } from "./options.ts";
import { Reads } from "./reads.ts";
import { RemoteSession, type SessionParts } from "./remote_session.ts";
import type { Transactions } from "./transactions.ts";
import { Writes } from "./writes.ts";

const LEASE_OPTIONS: readonly string[] = [...WAIT_OPTION_NAMES, "rowFactory", "write"];
/** Limit for a probe of a server, in milliseconds. */
const PROBE_MS = 1_000;

/**
 * A database on a libSQL server, or on a primary with replicas. Made by `openDatabase`.
 *
 * Reads that meet travel in one request, and so do writes, in one transaction. Every call has a
 * deadline, `queryTimeoutMs` unless it says otherwise.
 */
export class RemoteDatabase<R = Row> extends RemoteSession<R> implements Database<R> {
  readonly #parts: DatabaseParts<R>;
  /** The URL of the primary, without credentials and parameters. */
  readonly path: string;

  static {
    showOnConsole<RemoteDatabase<unknown>>(this, "RemoteDatabase", (db) => {
      const { servers, calls, writer } = db.stats;
      return {
        ...{ path: db.path, state: db.closed ? "closed" : "open", calls },
        transactions: gauges(writer!),
        servers: servers.map(({ origin, up }) => `${origin} ${up ? "up" : "down"}`),
      };
    });
  }

  private constructor(parts: DatabaseParts<R>, { origin, pathname }: URL) {
    super(parts, 0);
    this.path = origin + pathname.replace(/\/+$/, "");
    this.#parts = parts;
  }

  /**
   * Looks for the servers, where the database may keep something of it for later.
   *
   * @internal
   */
  static async open<R>(
    urls: ClusterUrls,
    options: ResolvedRemoteOptions<R>,
  ): Promise<RemoteDatabase<R>> {
    const { name } = options;
    const { clock } = systemEnvironment;
    const watchOf = (role: Role): Watch => new Watch(clock, { name, role }, "server", options);
    const watches = { reader: watchOf("reader"), writer: watchOf("writer") };
    const statements = new KnownStatements();
    const log = new Log();
    const makeFollowers = await loadFollowing(urls);
    const shared: Shared = {
      ...{ log, makeFollowers, statements, watches, poolListeners: [], closed: false },
    };
    if (keepsRequestsApart()) {
      const turns = new PerTurn(() => makeParts(urls, options, shared, requestEnvironment));
      return new RemoteDatabase(partsOfTurn(turns), urls.primary);
    }
    const parts = makeParts(urls, options, shared, systemEnvironment);
    try {
      await parts.cluster.open();
    } catch (error) {
      throw await explained(error);
    }
    return new RemoteDatabase(parts, urls.primary);
  }

  /** Whether `close` was called: new calls are refused. */
  get closed(): boolean {
    return this.#parts.closed();
  }

  /** Gauges and counters; the pools are that of the transactions. */
  get stats(): RemoteStats {
    const { cluster, calls, writes, options, state } = this.#parts;
    const pool: PoolStats = state.transactions?.stats ?? noTransactions(options);
    const writer = { ...pool, busyRetries: pool.busyRetries + writes.busyRetries };
    return {
      writer,
      readers: writer,
      threads: undefined,
      inline: undefined,
      statements: [],
      calls: calls.size,
      fallbacks: cluster.fallbacks,
      servers: cluster.servers.map(({ origin, role, isUp, inFlight, requests, failures }) => ({
        origin,
        role,
        up: isUp,
        inFlight,
        requests,
        failures,
      })),
    };
  }

  /**
   * Begins a session: it sees its own writes, and what the bookmark's session has seen. The database
   * object itself is a session too, shared by all who use it.
   *
   * @param options the bookmark to continue from.
   * @throws {TypeError} when `after` is not a bookmark.
   */
  session(options?: SessionOptions): RemoteSession<R> {
    return new RemoteSession(this.#parts, parseBookmark(bookmarkIn(options)));
  }

  /**
   * Acquires a connection to the primary, for code that manages its own transactions. It takes one
   * of the server's connections from its first statement to its release. Others go on writing
   * between its transactions, also when it was acquired to write.
   *
   * @param options whether it may write, how to wait, and the row factory of its statements.
   * @returns the connection, which is exclusively yours until it is released.
   * @throws {PoolConnectionAcquireTimeoutError} if `maxTransactions` are under way for too long.
   */
  async connection<T = R>(
    options: DatabaseConnectionOptions<T> = {},
  ): Promise<PooledConnection<T>> {
    this.#expectOpen();
    checkCallOptions(options, LEASE_OPTIONS);
    checkBoolean("write", options.write ?? false);
    const transactions = await this.#parts.transactions();
    return await transactions.connection(this.#parts.owner, this.position, options);
  }

  /**
   * Tells what a statement is, without running it. A server does not tell which table a column comes
   * from.
   *
   * @param query SQL text or an `sql` query.
   * @param options how the call waits.
   * @throws {SQLiteError} when the server refuses the statement, or when it is a PRAGMA that takes
   *   effect while it is prepared.
   */
  async describe(query: Query, options: AcquireOptions = {}): Promise<StatementDescription> {
    this.#expectOpen();
    checkCallOptions(options, WAIT_OPTION_NAMES);
    const transactions = await this.#parts.transactions();
    return await transactions.describe(this.position, query, options);
  }

  /** A server looks after its own log: rejects. */
  checkpoint(): Promise<never> {
    return Promise.reject(notOnServers("checkpoint", "the server looks after its own log"));
  }

  /** A copy is made where the file is: rejects. */
  backup(): Promise<never> {
    return Promise.reject(
      notOnServers("backup", "copy it where its file is, or open an embedded replica (syncUrl)"),
    );
  }

  /**
   * Closes the database: new calls are refused, those under way may finish until the deadline.
   * Every call returns the same promise. Where requests are kept apart, as on Cloudflare Workers, it
   * waits for calls of the same turn of the event loop only.
   *
   * @param options the deadline; `operationTimeoutMs` without it.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { state, shared } = this.#parts;
    if (state.closing !== undefined) return state.closing;
    try {
      const timeoutMs = checkCloseOptions(options, this.#parts.options.operationTimeoutMs);
      shared.closed = true;
      return state.closing = this.#close(timeoutMs, options.drain);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * What instrumentation adds itself to.
   *
   * @internal
   */
  get watched(): WatchedDatabase {
    const { state, shared, options: { name } } = this.#parts;
    return {
      name,
      watches: Object.values(shared.watches),
      onPool: (listener) => {
        shared.poolListeners.push(listener);
        if (state.transactions !== undefined) listener(state.transactions.pool);
      },
    };
  }

  #expectOpen(): void {
    if (this.closed) throw databaseIsClosed(this.#parts.options.name);
  }

  /** Closes the database at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeoutMs: number, drain: boolean | undefined): Promise<void> {
    const { cluster, calls, state, environment: { clock } } = this.#parts;
    let timer: unknown;
    const tooLate = new Promise<void>((resolve) => {
      timer = clock.schedule(resolve, timeoutMs, "keeps process alive");
    });
    const transactions = state.loading?.then((loaded) => loaded.close({ timeoutMs, drain }));
    await Promise.race([Promise.all([calls.settled(), transactions]), tooLate]);
    clock.cancel(timer);
    if (calls.size > 0) {
      const explain = await loadExplain();
      const lost = new RequestFailure("lost", cluster.primary.origin, "the database was closed");
      calls.failAll((call) =>
        stateOf(call) === "write"
          ? explain(lost, "unknown")
          : new PoolClosedError("The database was closed before the call was answered.")
      );
    }
    cluster.close();
  }
}

/** What all turns of a database share, where it has more than one: plain data. */
interface Shared {
  readonly log: Log;
  readonly makeFollowers: MakeFollowers | undefined;
  readonly statements: KnownStatements;
  readonly watches: Readonly<Record<Role, Watch>>;
  /** Called with each pool of transactions: where requests are kept apart, there are many. */
  readonly poolListeners: ((pool: WatchedPool) => void)[];
  closed: boolean;
}

interface State<R> {
  closing: Promise<void> | undefined;
  loading: Promise<Transactions<R>> | undefined;
  transactions: Transactions<R> | undefined;
}

interface DatabaseParts<R> extends SessionParts<R> {
  readonly shared: Shared;
  readonly state: State<R>;
}

function makeParts<R>(
  urls: ClusterUrls,
  options: ResolvedRemoteOptions<R>,
  shared: Shared,
  environment: Environment,
): DatabaseParts<R> {
  const { fetch, authToken, replicaWaitMs, busyTimeoutMs } = options;
  const transport = { environment, fetch, authToken, probeMs: PROBE_MS };
  const cluster = new Cluster(urls, transport, replicaWaitMs, shared.log, shared.makeFollowers);
  const state: State<R> = { closing: undefined, loading: undefined, transactions: undefined };
  return {
    cluster,
    calls: new Calls(environment.clock, new Counters()),
    reads: new Reads(cluster, environment),
    writes: new Writes(cluster, environment.clock, busyTimeoutMs),
    statements: shared.statements,
    environment,
    options,
    watches: shared.watches,
    transactions: () => state.loading ??= load(state, cluster, options, environment, shared),
    owner: shared,
    closed: () => shared.closed,
    shared,
    state,
  };
}

/** Whatever is asked for is of the current turn. */
function partsOfTurn<R>(turns: PerTurn<DatabaseParts<R>>): DatabaseParts<R> {
  const { get } = Reflect;
  return new Proxy({} as DatabaseParts<R>, { get: (_, name) => get(turns.current, name) });
}

/** Most of what the pool is made of is for interactive transactions, which not everybody has. */
async function load<R>(
  state: State<R>,
  cluster: Cluster,
  options: ResolvedRemoteOptions<R>,
  environment: Environment,
  { watches, poolListeners }: Shared,
): Promise<Transactions<R>> {
  const { Transactions } = await import("./transactions.ts");
  const transactions = new Transactions(cluster, options, environment, watches);
  for (const listener of poolListeners) listener(transactions.pool);
  return state.transactions = transactions;
}

function noTransactions({ maxTransactions }: { maxTransactions: number }): PoolStats {
  const gauges = { poolSize: maxTransactions, size: 0, idle: 0, inUse: 0, opening: 0, waiting: 0 };
  return { ...gauges, ...new Counters(), busyRetries: 0 };
}

function notOnServers(method: string, remedy: string): SQLitePoolError {
  return new SQLitePoolError(`db.${method}() works on files only: ${remedy}.`);
}
