/** Without a pool: each call opens a connection, sets it up, uses it and closes it. */

import { nativeDriver } from "../../../tests/helpers/drivers.ts";
import type { Call, Contender, Open, Params, Statement } from "../contender.ts";
import { setPragmas, type SyncHandle, type SyncStatement } from "./handle.ts";

type Finalizable = SyncStatement & { finalize?(): void };

export const open: Open = async (options) => {
  const withHandle = async <T>(work: (handle: SyncHandle) => T): Promise<Awaited<T>> => {
    const handle = nativeDriver.open(options.path) as unknown as SyncHandle;
    try {
      setPragmas(handle, options);
      return await work(handle);
    } finally {
      handle.close();
    }
  };
  const use = <T>(handle: SyncHandle, sql: string, work: (statement: SyncStatement) => T): T => {
    const statement: Finalizable = handle.prepare(sql);
    try {
      return work(statement);
    } finally {
      // Bun's statements outlive their connection, lock included, unless they are finalized.
      statement.finalize?.();
    }
  };
  const call = (sql: string, method: keyof SyncStatement): Call => (params: Params) =>
    withHandle((handle) => use(handle, sql, (statement) => statement[method](...params)));
  const inTransaction = <T>(work: (handle: SyncHandle) => T): Promise<unknown> =>
    withHandle(async (handle) => {
      handle.exec("BEGIN IMMEDIATE");
      try {
        await work(handle);
        handle.exec("COMMIT");
      } catch (error) {
        handle.exec("ROLLBACK");
        throw error;
      }
    });
  // While another connection is open, closing one does not checkpoint: the kinder case.
  const held = nativeDriver.open(options.path) as unknown as SyncHandle;
  setPragmas(held, options);
  const contender: Contender = {
    get: (sql) => call(sql, "get"),
    all: (sql) => call(sql, "all"),
    run: (sql) => call(sql, "run"),
    batch: (statements: readonly Statement[]) =>
      withHandle((handle) => {
        handle.exec("BEGIN IMMEDIATE");
        for (const { sql, params } of statements) {
          use(handle, sql, (statement) => statement.run(...params));
        }
        handle.exec("COMMIT");
      }),
    transaction: (work) =>
      inTransaction((handle) =>
        work({
          get: (sql, params) => use(handle, sql, (statement) => statement.get(...params)),
          run: (sql, params) => use(handle, sql, (statement) => statement.run(...params)),
        })
      ),
    close: () => held.close(),
  };
  return contender;
};
