/**
 * A connection pool for SQLite on Node, Bun, Deno and edge-like runtimes.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { SQLiteConnectionPool } from "@sqlitepool/pool";
 *
 * const pool = new SQLiteConnectionPool(() => new DatabaseSync("app.db"));
 * const { rows } = await pool.execute("SELECT 1 AS one");
 * console.log(rows); // [{ one: 1 }]
 * await pool.close();
 * ```
 *
 * @module
 */

export { adapt } from "./adapters/detect.ts";
export type { DriverLimit } from "./adapters/limits.ts";
export type { AdaptOptions } from "./adapters/options.ts";
export {
  type ConnectionOptions,
  type PoolStats,
  SQLiteConnectionPool,
  type StatementOptions,
} from "./src/connections/connection_pool.ts";
export type {
  Connection,
  ConnectionCallback,
  TransactionMode,
  TransactionOptions,
} from "./src/connections/connection.ts";
export { TransactionEndedError } from "./src/connections/connection.ts";
export type { Query, QueryOptions, ResultOptions } from "./src/connections/query.ts";
export type { PoolOptions } from "./src/connections/pool_options.ts";
export type { PooledConnection } from "./src/connections/leased_connection.ts";
export type { ConnectionFactory } from "./src/connections/connection_manager.ts";
export type {
  CallOptions,
  Database,
  DatabaseConnectionOptions,
  DatabaseStats,
  Session,
  SessionOptions,
  WriteOptions,
} from "./src/database/database.ts";
export type { DatabaseOptions, Execution } from "./src/database/options.ts";
export type { BackupOptions } from "./src/database/backup.ts";
export type { BatchStatement } from "./src/database/writing/batch.ts";
export { openDatabase } from "./src/open_database.ts";
export type { Consistency } from "./src/remote/position.ts";
export type {
  ClusterLocation,
  EmbeddedOptions,
  RemoteCallOptions,
  RemoteOptions,
  RemoteRunOptions,
  RemoteStats,
  RemoteUrl,
  ServerStats,
} from "./src/remote/options.ts";
export type { EmbeddedDatabase, SyncResult } from "./src/remote/embedded.ts";
export type { RemoteDatabase } from "./src/remote/remote_database.ts";
export type { RemoteSession } from "./src/remote/remote_session.ts";
export type { AuthToken, Fetch } from "./src/remote/hrana/server.ts";
export type { StatementStats } from "./src/database/router.ts";
export type { Place } from "./src/connections/observation/operation.ts";
export type { ObservationOptions } from "./src/connections/observation/options.ts";
export type { StatementEvent } from "./src/connections/observation/statement_hook.ts";
export type { DatabaseWarning } from "./src/connections/observation/warning.ts";
export type { Durability, Pragmas } from "./src/database/pragmas.ts";
export type { CheckpointMode, CheckpointResult } from "./src/database/checkpointer.ts";
export {
  ConnectionReleasedError,
  OutcomeUnknownError,
  PoolClosedError,
  PoolConnectionAcquireTimeoutError,
  PoolConnectionOpenError,
  PoolOverloadedError,
  QueryTimeoutError,
  SQLitePoolError,
} from "./src/pool/errors.ts";
export {
  ConnectionLostError,
  ConnectionSetUpError,
  SQLiteLibraryConflictError,
  UnsupportedHandleError,
} from "./src/driver/errors.ts";
export type {
  AcquireEvent,
  DestroyEvent,
  DestroyReason,
  LeakEvent,
  OpenEvent,
  PoolHooks,
  ReleaseEvent,
} from "./src/pool/hooks.ts";
export type { AcquireOptions, CloseOptions, CorePoolOptions } from "./src/pool/options.ts";
export type { PoolStats as CorePoolStats } from "./src/pool/stats.ts";
export type { BackupProgress, Driver, DriverOpenOptions } from "./src/driver/driver.ts";
export { DatabaseMovedError, SQLiteError, SQLiteIntegerRangeError } from "./src/sqlite/errors.ts";
export type {
  BindParams,
  BindValue,
  ColumnDescription,
  NamedParams,
  ResultSet,
  Row,
  RowFactory,
  RowOptions,
  SQLiteValue,
  StatementDescription,
} from "./src/sqlite/types.ts";
export type { SetUpContext, SetUpFunction, SetUpOptions } from "./src/driver/set_up/options.ts";
export type {
  AsyncConnection,
  CanInterrupt,
  DriverConnection,
  ExecuteOptions,
} from "./src/driver/connection.ts";
export type { IntMode } from "./src/sqlite/rows.ts";
export { detectRuntime, type RuntimeName } from "./src/platform/runtime.ts";
export { SqlQuery } from "./src/sqlite/sql_query.ts";
export { ident, sql, type SqlArgument, type SqlTag } from "./src/sqlite/sql_tag.ts";
export type { OnTiming } from "./src/driver/timing.ts";
export type { ThreadStats, WorkerConnectionFactory } from "./src/worker/thread_factory.ts";
export type { SpawnWorker, WorkerLike } from "./src/worker/transport.ts";
export type { WorkerDriverName } from "./src/worker/wire/wire.ts";
export { workerConnection, type WorkerOptions } from "./src/worker/worker_factory.ts";
export { processConnection, type ProcessOptions } from "./src/process/process_connection.ts";
export type {
  ProcessConnectionFactory,
  ProcessStart,
  ProcessStats,
} from "./src/process/process_factory.ts";
