/** db0 with its connector for the runtime's own driver: one connection behind promises. */

import { runtimeName } from "../../tests/helpers/runtime.ts";
import type { Call, Open, Params, Work } from "./contender.ts";
import { pragmasOf } from "./contender.ts";
import { load } from "./load.ts";

interface Db0Statement {
  get(...params: Params): Promise<unknown>;
  all(...params: Params): Promise<unknown[]>;
  run(...params: Params): Promise<unknown>;
}

interface Db0Database {
  exec(sql: string): Promise<unknown>;
  prepare(sql: string): Db0Statement;
  dispose(): Promise<void>;
}

interface Db0 {
  createDatabase(connector: object): Db0Database;
}

interface Connector {
  default(options: { path: string }): object;
}

export const open: Open = async (options) => {
  const { createDatabase } = await load<Db0>("db0");
  const name = runtimeName() === "bun" ? "bun-sqlite" : "node-sqlite";
  const { default: connect } = await load<Connector>(`db0/connectors/${name}`);
  const db = createDatabase(connect({ path: options.path }));
  for (const pragma of pragmasOf(options)) await db.exec(pragma);
  const statements = new Map<string, Db0Statement>();
  const prepare = (sql: string): Db0Statement => {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const call = (sql: string, method: keyof Db0Statement): Call => {
    const statement = prepare(sql);
    return (params) => statement[method](...params);
  };
  // It has no transactions: these are written by hand, as its users do.
  const transaction = async (work: Work): Promise<void> => {
    await db.exec("BEGIN IMMEDIATE");
    try {
      await work({
        get: (sql, params) => prepare(sql).get(...params),
        run: (sql, params) => prepare(sql).run(...params),
      });
      await db.exec("COMMIT");
    } catch (error) {
      await db.exec("ROLLBACK");
      throw error;
    }
  };
  return {
    overlapping: false,
    get: (sql) => call(sql, "get"),
    all: (sql) => call(sql, "all"),
    run: (sql) => call(sql, "run"),
    batch: (batch) =>
      transaction(async (tx) => {
        for (const { sql, params } of batch) await tx.run(sql, params);
      }),
    transaction,
    close: () => db.dispose(),
  };
};
