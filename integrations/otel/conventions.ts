/**
 * Names of the OpenTelemetry semantic conventions for databases, version 1.44.
 * See https://opentelemetry.io/docs/specs/semconv/database/.
 *
 * @module
 */

/** Attributes. */
export const DB_SYSTEM_NAME = "db.system.name";
export const DB_NAMESPACE = "db.namespace";
export const DB_QUERY_SUMMARY = "db.query.summary";
export const DB_QUERY_TEXT = "db.query.text";
export const DB_OPERATION_NAME = "db.operation.name";
export const DB_RESPONSE_STATUS_CODE = "db.response.status_code";
export const DB_RESPONSE_RETURNED_ROWS = "db.response.returned_rows";
export const POOL_NAME = "db.client.connection.pool.name";
export const CONNECTION_STATE = "db.client.connection.state";
export const ERROR_TYPE = "error.type";
export const SERVER_ADDRESS = "server.address";
export const SERVER_PORT = "server.port";
/** Of our own: "reader" or "writer", and where statements run, such as "worker". */
export const ROLE = "sqlitepool.role";
export const PLACE = "sqlitepool.place";

/** The value of `db.system.name`. */
export const SQLITE = "sqlite";

/** The buckets that the conventions ask for, in seconds. */
export const DURATION_BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** What the conventions call an instrument, and how it is described. */
export interface InstrumentName {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

const connection = (
  name: string,
  unit: string,
  description: string,
): InstrumentName => ({ name: `db.client.connection.${name}`, unit, description });

export const OPERATION_DURATION: InstrumentName = {
  name: "db.client.operation.duration",
  unit: "s",
  description: "Duration of database client operations.",
};
export const RETURNED_ROWS: InstrumentName = {
  name: "db.client.response.returned_rows",
  unit: "{row}",
  description: "The actual number of records returned by the database operation.",
};
export const COUNT: InstrumentName = connection(
  "count",
  "{connection}",
  "The number of connections that are currently in state described by the state attribute.",
);
export const IDLE_MAX: InstrumentName = connection(
  "idle.max",
  "{connection}",
  "The maximum number of idle open connections allowed.",
);
export const IDLE_MIN: InstrumentName = connection(
  "idle.min",
  "{connection}",
  "The minimum number of idle open connections allowed.",
);
export const MAX: InstrumentName = connection(
  "max",
  "{connection}",
  "The maximum number of open connections allowed.",
);
export const PENDING_REQUESTS: InstrumentName = connection(
  "pending_requests",
  "{request}",
  "The number of current pending requests for an open connection.",
);
export const TIMEOUTS: InstrumentName = connection(
  "timeouts",
  "{timeout}",
  "The number of connection timeouts that have occurred trying to obtain a connection from the pool.",
);
export const CREATE_TIME: InstrumentName = connection(
  "create_time",
  "s",
  "The time it took to create a new connection.",
);
export const WAIT_TIME: InstrumentName = connection(
  "wait_time",
  "s",
  "The time it took to obtain an open connection from the pool.",
);
export const USE_TIME: InstrumentName = connection(
  "use_time",
  "s",
  "The time between borrowing a connection and returning it to the pool.",
);
