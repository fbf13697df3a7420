/**
 * What callers do on a connection, told to those who watch. What the library does on its own
 * account, to begin and commit transactions or to set connections up, is told to nobody: it
 * differs between drivers and execution modes.
 *
 * @module
 */

import type { DriverConnection } from "../../driver/connection.ts";
import { takeParams } from "../../sqlite/bind/take_params.ts";
import { classify } from "../../sqlite/classify.ts";
import type { BindParams, ResultSet, RowOptions } from "../../sqlite/types.ts";
import type { Activity } from "../activity.ts";
import type { Holder } from "../holder.ts";
import type { OperationKind } from "./operation.ts";
import { telling, type Watch } from "./watch.ts";

/** A connection that tells. `C` is its own type. */
export abstract class WatchedConnection<C extends WatchedConnection<C>> {
  abstract readonly driver: DriverConnection;
  abstract readonly activity: Activity;
  /** Who is told: nobody while the connection is set up. */
  watch: Watch | undefined = undefined;
  /** Called when it is closed. */
  onClose: (() => void) | undefined = undefined;

  /** Runs a statement; nobody is told. */
  abstract runOwn<R, S>(
    holder: Holder<C>,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
    pick: (result: ResultSet<R>) => S,
    atomic?: boolean,
  ): Promise<S>;

  /** Records that SQL text may change settings. */
  abstract expectChanges(sql: string): void;

  #isWatched(kind: OperationKind): boolean {
    return this.watch !== undefined && this.watch.sees(kind);
  }

  /** Runs a statement of a caller; see `runOwn`. */
  run<R, S>(
    holder: Holder<C>,
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
    pick: (result: ResultSet<R>) => S,
    atomic?: boolean,
  ): Promise<S> {
    if (!this.#isWatched("query")) return this.runOwn(holder, sql, params, rows, pick, atomic);
    // It may be run later, when something has been loaded.
    const taken = takeParams(params);
    const told = this.watch!.around("query", sql, (operation) => {
      const count = (result: ResultSet<R>): S => {
        operation.count(result.rows.length);
        return pick(result);
      };
      return holder.value.runOwn(holder, sql, taken, rows, count, atomic);
    });
    return this.activity.wait(told);
  }

  /** What to wait for before a cursor of a caller is opened. */
  get loading(): Promise<unknown> | undefined {
    return this.watch?.loading;
  }

  /** The rows of a statement of a caller, one after the other. */
  iterate<R>(
    sql: string,
    params: BindParams | undefined,
    rows: RowOptions<R>,
  ): AsyncIterableIterator<R> {
    if (classify(sql).setting !== undefined) this.expectChanges(sql);
    const iterator = this.driver.iterate(sql, params, rows);
    return this.#isWatched("query")
      ? telling.now!.watchedRows(iterator, this.watch!, sql)
      : iterator;
  }

  /** Makes a call of a caller that takes several statements, or is none. */
  tell<S>(kind: OperationKind, sql: string, call: () => Promise<S>): Promise<S> {
    return this.#isWatched(kind) ? this.watch!.around(kind, sql, call) : call();
  }
}
