/**
 * A driver adapter of Prisma over a pool.
 *
 * @example
 * ```ts
 * import { openDatabase } from "@sqlitepool/pool";
 * import { PrismaSqlitePool } from "@sqlitepool/pool/prisma";
 *
 * const db = await openDatabase("app.db", { intMode: "bigint" });
 * const adapter = new PrismaSqlitePool(db); // for new PrismaClient({ adapter })
 * console.log(adapter.provider);
 * await db.close();
 * ```
 *
 * @module
 */

import {
  DriverAdapterError,
  type IsolationLevel,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type Transaction,
} from "@prisma/driver-adapter-utils";
import {
  type Database,
  type DatabaseOptions,
  openDatabase,
  type PooledConnection,
} from "../../mod.ts";
import type { TimestampFormat } from "./arguments.ts";
import { translated } from "./errors.ts";
import { ADAPTER_NAME, Queryable } from "./queryable.ts";

export type { TimestampFormat };

/** A file to open, and how. */
export interface PrismaSqlitePoolConfig
  extends Omit<DatabaseOptions<unknown>, "rowFactory" | "intMode"> {
  /** A path or a `file:` URL, or `":memory:"`. */
  url: string;
}

/** How values are stored. */
export interface PrismaSqlitePoolOptions {
  /** Default: `"iso8601"`, as Prisma's own adapters have it. */
  timestampFormat?: TimestampFormat;
}

/**
 * A driver adapter of Prisma 7 over a pool: reads run on readers and never wait, writes queue for
 * the one writer.
 */
export class PrismaSqlitePool implements SqlMigrationAwareDriverAdapterFactory {
  /** What kind of database it is. */
  readonly provider = "sqlite";
  /** The name under which Prisma reports the adapter. */
  readonly adapterName: string = ADAPTER_NAME;
  readonly #source: Database<unknown> | PrismaSqlitePoolConfig;
  readonly #format: TimestampFormat;

  /**
   * Makes an adapter; nothing is opened yet.
   *
   * @param source a database, which stays open when the client disconnects; or what to open.
   * @param options how values are stored.
   */
  constructor(
    source: Database<unknown> | PrismaSqlitePoolConfig,
    { timestampFormat = "iso8601" }: PrismaSqlitePoolOptions = {},
  ) {
    this.#source = source;
    this.#format = timestampFormat;
  }

  /** Opens the database, unless it is open already. */
  async connect(): Promise<SqlDriverAdapter> {
    const source = this.#source;
    if ("executeScript" in source) return new PoolAdapter(source, this.#format, "somebody else's");
    return await openAdapter(source, this.#format);
  }

  /** A database in memory, in which Prisma tries migrations. */
  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    return await openAdapter({ url: ":memory:" }, this.#format);
  }
}

async function openAdapter(
  { url, ...options }: PrismaSqlitePoolConfig,
  format: TimestampFormat,
): Promise<SqlDriverAdapter> {
  // Prisma has a type for integers that no number holds.
  const database = await translated(openDatabase(url, { ...options, intMode: "bigint" }));
  return new PoolAdapter(database, format, "its own");
}

class PoolAdapter extends Queryable implements SqlDriverAdapter {
  readonly #database: Database<unknown>;
  readonly #ownership: "its own" | "somebody else's";

  constructor(
    database: Database<unknown>,
    format: TimestampFormat,
    ownership: "its own" | "somebody else's",
  ) {
    super(database, format);
    this.#database = database;
    this.#ownership = ownership;
  }

  async executeScript(script: string): Promise<void> {
    this.types.forget();
    await translated(this.#database.executeScript(script));
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    if (isolationLevel !== undefined && isolationLevel !== "SERIALIZABLE") {
      throw new DriverAdapterError({ kind: "InvalidIsolationLevel", level: isolationLevel });
    }
    const connection = await translated(this.#database.connection({ write: true }));
    try {
      await translated(connection.begin("immediate"));
      return new PoolTransaction(connection, this);
    } catch (error) {
      await connection.release();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    if (this.#ownership === "its own") await this.#database.close();
  }
}

class PoolTransaction extends Queryable implements Transaction {
  /** Prisma leaves COMMIT and ROLLBACK to us. */
  readonly options = { usePhantomQuery: true };
  readonly #connection: PooledConnection<unknown>;

  constructor(connection: PooledConnection<unknown>, { format, types }: Queryable) {
    super(connection, format, types);
    this.#connection = connection;
  }

  async commit(): Promise<void> {
    try {
      await translated(this.#connection.commit());
    } finally {
      await this.#connection.release();
    }
  }

  async rollback(): Promise<void> {
    // Whatever is open is rolled back.
    await this.#connection.release();
  }

  async createSavepoint(name: string): Promise<void> {
    await this.#run(`SAVEPOINT ${name}`);
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    await this.#run(`ROLLBACK TO ${name}`);
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#run(`RELEASE ${name}`);
  }

  async #run(sql: string): Promise<void> {
    await translated(this.#connection.execute(sql));
  }
}
