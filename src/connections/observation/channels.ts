/**
 * The channels of `node:diagnostics_channel` on which a pool publishes what it does.
 *
 * @module
 */

import type { Channel, TracingChannel } from "../../platform/builtin.ts";
import { channel, isSubscribed, tracingChannel } from "../../platform/diagnostics.ts";
import type { OperationKind } from "./operation.ts";

/** Those of operations. */
export const tracing: Readonly<Record<OperationKind, TracingChannel>> = {
  query: tracingChannel("sqlitepool:query"),
  transaction: tracingChannel("sqlitepool:transaction"),
  acquire: tracingChannel("sqlitepool:pool:acquire"),
};

/** That of connections which come back. */
export const releases: Channel = channel("sqlitepool:pool:release");

/** Whether anybody subscribes to operations of a kind. */
export function hasSubscribers(kind: OperationKind): boolean {
  return isSubscribed(tracing[kind]);
}
