/** Contenders on a synchronous handle of one of the three drivers that have the same methods. */

import type { Call, Contender, OpenOptions, Params, Statement, Work } from "../contender.ts";
import { pragmasOf } from "../contender.ts";

export interface SyncStatement {
  get(...params: Params): unknown;
  all(...params: Params): unknown[];
  run(...params: Params): unknown;
}

export interface SyncHandle {
  exec(sql: string): unknown;
  prepare(sql: string): SyncStatement;
  close(): unknown;
}

export function setPragmas(handle: SyncHandle, options: Pick<OpenOptions, "synchronous">): void {
  for (const pragma of pragmasOf(options)) handle.exec(pragma);
}

/** The handle itself, with each statement prepared once: what the driver can give at best. */
export function bareHandle(handle: SyncHandle): Contender {
  const statements = new Map<string, SyncStatement>();
  const prepare = (sql: string): SyncStatement => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = handle.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const call = (sql: string, method: keyof SyncStatement): Call => {
    const statement = prepare(sql);
    if (method === "get") return (params) => statement.get(...params);
    if (method === "all") return (params) => statement.all(...params);
    return (params) => statement.run(...params);
  };
  return {
    synchronous: true,
    overlapping: false,
    get: (sql) => call(sql, "get"),
    all: (sql) => call(sql, "all"),
    run: (sql) => call(sql, "run"),
    batch(batch: readonly Statement[]) {
      handle.exec("BEGIN IMMEDIATE");
      try {
        for (const { sql, params } of batch) prepare(sql).run(...params);
        handle.exec("COMMIT");
      } catch (error) {
        handle.exec("ROLLBACK");
        throw error;
      }
    },
    async transaction(work: Work) {
      handle.exec("BEGIN IMMEDIATE");
      try {
        await work({
          get: (sql, params) => prepare(sql).get(...params),
          run: (sql, params) => prepare(sql).run(...params),
        });
        handle.exec("COMMIT");
      } catch (error) {
        handle.exec("ROLLBACK");
        throw error;
      }
    },
    close: () => handle.close(),
  };
}
