/** Without a pool: each call opens a connection, sets it up, uses it and closes it. */

import { nativeDriver } from "../../../tests/helpers/drivers.ts";
import type { Call, Open, Params, Statement, Work } from "../contender.ts";
import { setPragmas, type SyncHandle, type SyncStatement } from "./handle.ts";

type Finalizable = SyncStatement & { finalize?(): void };

export const open: Open = async (options) => {
  const openHandle = (): SyncHandle => {
    const handle = nativeDriver.open(options.path) as unknown as SyncHandle;
    setPragmas(handle, options);
    return handle;
  };
  const withHandle = async <T>(work: (handle: SyncHandle) => T): Promise<Awaited<T>> => {
    const handle = openHandle();
    try {
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
  // While another connection is open, closing one does not checkpoint: the kinder case.
  const held = openHandle();
  return {
    get: (sql) => call(sql, "get"),
    all: (sql) => call(sql, "all"),
    run: (sql) => call(sql, "run"),
    // What fails is rolled back when its connection is closed.
    batch: (statements: readonly Statement[]) =>
      withHandle((handle) => {
        handle.exec("BEGIN IMMEDIATE");
        for (const { sql, params } of statements) {
          use(handle, sql, (statement) => statement.run(...params));
        }
        handle.exec("COMMIT");
      }),
    transaction: (work: Work) =>
      withHandle(async (handle) => {
        handle.exec("BEGIN IMMEDIATE");
        await work({
          get: (sql, params) => use(handle, sql, (statement) => statement.get(...params)),
          run: (sql, params) => use(handle, sql, (statement) => statement.run(...params)),
        });
        handle.exec("COMMIT");
      }),
    close: () => held.close(),
  };
};
