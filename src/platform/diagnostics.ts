/**
 * Channels of `node:diagnostics_channel`, where the runtime has them.
 *
 * @module
 */

import { builtin, type Channel, type TracingChannel } from "./builtin.ts";

const NEVER: Channel = {
  hasSubscribers: false,
  publish() {},
  runStores: (_message, call) => call(),
};

/** A plain channel; one without subscribers where the runtime has none. */
export function channel(name: string): Channel {
  return builtin("node:diagnostics_channel")?.channel(name) ?? NEVER;
}

/** A tracing channel; one without subscribers where the runtime has none. */
export function tracingChannel(name: string): TracingChannel {
  return builtin("node:diagnostics_channel")?.tracingChannel(name) ??
    { start: NEVER, end: NEVER, asyncStart: NEVER, asyncEnd: NEVER, error: NEVER };
}

/** Whether anybody subscribes to one of the five: Bun's tracing channels do not tell. */
export function isSubscribed({ start, end, asyncStart, asyncEnd, error }: TracingChannel): boolean {
  return start.hasSubscribers || end.hasSubscribers || asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers || error.hasSubscribers;
}
