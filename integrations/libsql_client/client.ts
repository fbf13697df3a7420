/**
 * The client of `@libsql/client` over a pooled database.
 *
 * @module
 */

import type {
  Client,
  InArgs,
  InStatement,
  IntMode,
  Replicated,
  ResultSet,
  Row,
  Transaction,
  TransactionMode,
} from "@libsql/client";
import type {
  Connection,
  Database,
  EmbeddedDatabase,
  ResultSet as PoolResultSet,
} from "../../mod.ts";
import { ColumnTypes, type Describer } from "../column_types.ts";
import { clientIsClosed, libsqlBatchError, LibsqlError, translated } from "./errors.ts";
import { LeasedTransaction } from "./transaction.ts";
import { resultOf, rowMaker, type Statement, statementOf } from "./values.ts";

const MODES: Readonly<Record<TransactionMode, "immediate" | "deferred">> = {
  write: "immediate",
  read: "deferred",
  deferred: "deferred",
};

/** Where the database of a client comes from. */
export interface Source {
  readonly protocol: string;
  readonly intMode: IntMode;
  /** Opens it; a database of somebody else's is open already. */
  open(): Promise<Database<unknown>>;
  /** Whether the client closes what it has opened. */
  readonly owned: boolean;
}

/** {@linkcode Client} over a {@linkcode Database}. Made by `createClient`. */
export class PooledClient implements Client {
  readonly protocol: string;
  readonly #source: Source;
  readonly #rowFactory: ReturnType<typeof rowMaker>;
  readonly #types: ColumnTypes = new ColumnTypes();
  #database: Promise<Database<unknown>>;
  #closed = false;

  /** @internal `createClient` makes clients. */
  constructor(source: Source) {
    this.#source = source;
    this.protocol = source.protocol;
    this.#rowFactory = rowMaker(source.intMode);
    this.#database = this.#open();
  }

  get closed(): boolean {
    return this.#closed;
  }

  execute(statement: InStatement, args?: InArgs): Promise<ResultSet> {
    return this.#use(async (database) => {
      const { sql, params } = statementOf(statement, args);
      const rowFactory = this.#rowFactory;
      return await this.#typed(database, sql, await database.execute(sql, params, { rowFactory }));
    });
  }

  batch(
    statements: (InStatement | [string, InArgs?])[],
    mode: TransactionMode = "deferred",
  ): Promise<ResultSet[]> {
    return this.#use(async (database) => {
      expectMode(mode);
      const taken = statements.map((statement) => statementOf(statement));
      if (mode === "read") {
        return await database.read((snapshot) => this.#runAll(snapshot, taken));
      }
      const rowFactory = this.#rowFactory;
      try {
        const results = await database.batch(
          taken.map((statement) => ({ ...statement, rowFactory })),
        );
        const typed = results.map((result, index) =>
          this.#typed(database, taken[index].sql, result)
        );
        return await Promise.all(typed);
      } catch (error) {
        const { index } = error as { index?: number };
        throw index === undefined ? error : libsqlBatchError(error, index);
      }
    });
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#use(async (database) => {
      const taken = statements.map((statement) => statementOf(statement));
      const connection = await database.connection({ write: true });
      try {
        // SQLite takes this setting outside transactions only. The lease puts it back.
        await connection.run("PRAGMA foreign_keys = OFF");
        await connection.begin("immediate");
        const results = await this.#runAll(connection, taken);
        await connection.commit();
        return results;
      } finally {
        await connection.release();
      }
    });
  }

  transaction(mode: TransactionMode = "write"): Promise<Transaction> {
    return this.#use(async (database) => {
      expectMode(mode);
      const connection = await database.connection({ write: mode !== "read" });
      try {
        await connection.begin(MODES[mode]);
        return new LeasedTransaction(
          connection,
          (statements) => this.#runAll(connection, statements),
        );
      } catch (error) {
        await connection.release();
        throw error;
      }
    });
  }

  executeMultiple(sql: string): Promise<void> {
    this.#types.forget();
    return this.#use((database) => database.executeScript(sql));
  }

  sync(): Promise<Replicated> {
    return this.#use(async (database) => {
      if (!("sync" in database)) {
        throw new LibsqlError(
          "Only a client with syncUrl can sync",
          "SYNC_NOT_SUPPORTED",
        );
      }
      const { frames } = await (database as EmbeddedDatabase<unknown>).sync();
      return { frames_synced: frames, frame_no: 0 };
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#source.owned) return;
    // Whoever is still waiting for a call learns of a failure there.
    this.#database.then((database) => database.close()).catch(() => {});
  }

  reconnect(): void {
    this.close();
    this.#closed = false;
    this.#database = this.#open();
  }

  #open(): Promise<Database<unknown>> {
    const opening = this.#source.open();
    // Each call learns why it could not be opened.
    opening.catch(() => {});
    return opening;
  }

  #use<T>(work: (database: Database<unknown>) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(clientIsClosed());
    return translated(this.#database.then(work));
  }

  async #typed(describer: Describer, sql: string, result: PoolResultSet<Row>): Promise<ResultSet> {
    this.#types.note(sql);
    return resultOf(result, await this.#types.of(describer, sql, result.columns));
  }

  /** Runs statements in their order; the error tells which of them failed. */
  async #runAll(
    connection: Connection<unknown>,
    statements: readonly Statement[],
  ): Promise<ResultSet[]> {
    const results: ResultSet[] = [];
    for (const [index, { sql, params }] of statements.entries()) {
      try {
        const rowFactory = this.#rowFactory;
        const result = await connection.execute(sql, params, { rowFactory });
        results.push(await this.#typed(connection, sql, result));
      } catch (error) {
        throw libsqlBatchError(error, index);
      }
    }
    return results;
  }
}

function expectMode(mode: TransactionMode): void {
  if (Object.hasOwn(MODES, mode)) return;
  throw new RangeError(
    'Unknown transaction mode, supported values are "write", "read" and "deferred"',
  );
}
