/** The experimental DatabasePool of @photostructure/sqlite: connections on libuv's threads. */

import type { Open, Params } from "./contender.ts";
import { pragmasOf } from "./contender.ts";
import { load } from "./load.ts";

interface Operation {
  readonly kind: "run";
  readonly sql: string;
  readonly params: Params;
}

interface DatabasePool {
  get(sql: string, params: Params): Promise<unknown>;
  all(sql: string, params: Params): Promise<unknown[]>;
  run(sql: string, params: Params): Promise<unknown>;
  batch(operations: Operation[], options: { transaction: "immediate" }): Promise<unknown>;
  close(): Promise<void>;
}

interface Experimental {
  readonly DatabasePool: {
    open(
      path: string,
      options: { connections: number; connectionSetup: { sql: string }[] },
    ): Promise<DatabasePool>;
  };
}

export const open: Open = async (options) => {
  const { DatabasePool } = await load<Experimental>("@photostructure/sqlite/experimental");
  const pool = await DatabasePool.open(options.path, {
    connections: options.readers,
    connectionSetup: pragmasOf(options).map((sql) => ({ sql })),
  });
  return {
    get: (sql) => (params) => pool.get(sql, params),
    all: (sql) => (params) => pool.all(sql, params),
    run: (sql) => (params) => pool.run(sql, params),
    batch: (statements) =>
      pool.batch(statements.map((statement) => ({ kind: "run", ...statement })), {
        transaction: "immediate",
      }),
    close: () => pool.close(),
  };
};
