/** @libsql/client on a file. */

import { pathToFileURL } from "node:url";

import type { Contender, Open, Params } from "./contender.ts";
import { pragmasOf } from "./contender.ts";
import { load } from "./load.ts";

interface Query {
  readonly sql: string;
  readonly args: Params;
}

interface Result {
  readonly rows: unknown[];
}

interface ClientTransaction {
  execute(query: Query): Promise<Result>;
  commit(): Promise<void>;
  close(): void;
}

interface LibsqlClient {
  createClient(options: { url: string; concurrency: number }): {
    execute(query: Query | string): Promise<Result>;
    batch(queries: Query[], mode: "write"): Promise<Result[]>;
    transaction(mode: "write"): Promise<ClientTransaction>;
    close(): void;
  };
}

export const open: Open = async (options) => {
  const { createClient } = await load<LibsqlClient>("@libsql/client");
  // With more than one connection inside the client, pragmas would reach one of them only.
  const client = createClient({ url: pathToFileURL(options.path).href, concurrency: 1 });
  for (const pragma of pragmasOf(options)) await client.execute(pragma);
  const contender: Contender = {
    // With one connection it refuses what comes while a transaction is open.
    overlapping: false,
    get: (sql) => async (args) => (await client.execute({ sql, args })).rows[0],
    all: (sql) => async (args) => (await client.execute({ sql, args })).rows,
    run: (sql) => (args) => client.execute({ sql, args }),
    batch: (statements) =>
      client.batch(statements.map(({ sql, params }) => ({ sql, args: params })), "write"),
    async transaction(work) {
      const tx = await client.transaction("write");
      try {
        await work({
          get: async (sql, args) => (await tx.execute({ sql, args })).rows[0],
          run: (sql, args) => tx.execute({ sql, args }),
        });
        await tx.commit();
      } finally {
        tx.close();
      }
    },
    close: () => client.close(),
  };
  return contender;
};
