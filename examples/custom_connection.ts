/**
 * A connection for a driver that the pool does not know: three methods are enough to pool it.
 *
 *     node examples/custom_connection.ts
 *     bun examples/custom_connection.ts
 *     deno run -A examples/custom_connection.ts
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";

import {
  type AsyncConnection,
  type BindParams,
  type ResultSet,
  type Row,
  SQLiteConnectionPool,
} from "@sqlitepool/pool";

/** The adapter: everything the pool needs to know about the driver. */
export function acmeConnection(client: AcmeClient): AsyncConnection {
  return {
    async execute<R = Row>(sql: string, params: BindParams = []): Promise<ResultSet<R>> {
      const { fields, records, changed, newId } = await client.ask(sql, params);
      const rows = records as R[];
      return { columns: fields, rows, rowsAffected: changed, lastInsertRowid: newId };
    },
    async rollback() {
      if (client.busyWithTransaction) await client.ask("ROLLBACK", []);
    },
    async close() {
      client.hangUp();
    },
  };
}

interface AcmeAnswer {
  fields: string[];
  records: Row[];
  changed: number;
  newId: number | undefined;
}

/**
 * Stands in for your driver: asynchronous, with an interface of its own. It passes its work on to
 * `node:sqlite`, so that this file runs by itself.
 */
export class AcmeClient {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
  }

  get busyWithTransaction(): boolean {
    return this.#database.isTransaction;
  }

  async ask(question: string, values: BindParams): Promise<AcmeAnswer> {
    await undefined;
    const statement = this.#database.prepare(question);
    const args = (Array.isArray(values) ? values : [values]) as Parameters<StatementSync["run"]>;
    const fields = statement.columns().map(({ name }) => name);
    if (fields.length > 0) {
      const records = statement.all(...args).map((record) => ({ ...record })) as Row[];
      return { fields, records, changed: 0, newId: undefined };
    }
    const { changes, lastInsertRowid } = statement.run(...args);
    const newId = /^\s*insert/i.test(question) ? Number(lastInsertRowid) : undefined;
    return { fields, records: [], changed: Number(changes), newId };
  }

  hangUp(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

if (import.meta.main) {
  const pool = new SQLiteConnectionPool(() => acmeConnection(new AcmeClient(":memory:")), {
    poolSize: 1,
  });
  await pool.execute("CREATE TABLE parts (id INTEGER PRIMARY KEY, name TEXT)");
  await pool.transaction(async (tx) => {
    await tx.run("INSERT INTO parts (name) VALUES (?)", ["anvil"]);
    await tx.run("INSERT INTO parts (name) VALUES (:name)", { name: "rocket skates" });
  });
  console.log(await pool.all("SELECT * FROM parts"));
  await pool.close();
}
