/**
 * The leases that statements of a pipeline share, and the statements.
 *
 * @module
 */

import type { Lease } from "../../pool/lease.ts";
import type { BindParams, ResultSet, RowOptions } from "../../sqlite/types.ts";
import type { Holder } from "../holder.ts";
import type { PhysicalConnection } from "../physical_connection.ts";

/** A lease shared by statements. */
export class SharedLease implements Holder<PhysicalConnection> {
  readonly lease: Lease<PhysicalConnection>;
  /** How many calls use it. */
  underWay = 0;
  /** A fresh lease was acquired in turn; a used one is returned if others are waiting. */
  phase: "fresh" | "used" = "fresh";
  readonly #onSettled: (shared: SharedLease) => void;

  constructor(lease: Lease<PhysicalConnection>, onSettled: (shared: SharedLease) => void) {
    this.lease = lease;
    this.#onSettled = onSettled;
  }

  get active(): boolean {
    return this.lease.active;
  }

  get value(): PhysicalConnection {
    return this.lease.value;
  }

  settled(): void {
    this.#onSettled(this);
  }
}

/** A statement and what is selected from its result. */
export interface PipelineCall<T, S> {
  readonly sql: string;
  readonly params: BindParams | undefined;
  readonly rows: RowOptions<T>;
  readonly pick: (result: ResultSet<T>) => S;
  /** Where it runs. */
  shared: SharedLease | undefined;
  state: "under way" | "answered" | "given up";
}

/** The expected duration of what is in progress, in milliseconds. */
export function backlogOf({ lease }: SharedLease): number {
  return lease.active ? lease.value.driver.backlogMs ?? Infinity : Infinity;
}

/** Whether it can take one more statement now. */
export function hasRoom({ lease }: SharedLease): boolean {
  return lease.active && lease.value.hasRoom;
}
