/**
 * Operations from their beginning to their end.
 *
 * @module
 */

import { isSubscribed } from "../../platform/diagnostics.ts";
import { tracing } from "./channels.ts";
import {
  type Observed,
  type Observer,
  Operation,
  type OperationKind,
  type Watched,
} from "./operation.ts";

/**
 * Publishes operations as `tracePromise` would, but without the result, which holds what was read.
 */
const publisher: Observer = {
  kinds: ["query", "transaction", "acquire"],
  enter<S>({ kind, context }: Observed, call: () => S): S {
    const { start, end } = tracing[kind];
    try {
      return start.runStores(context, call);
    } finally {
      end.publish(context);
    }
  },
  ended: publishEnd,
  canceled: publishEnd,
};

function publishEnd(operation: Observed): void {
  const { kind, context } = operation;
  const { error, asyncStart, asyncEnd } = tracing[kind];
  if (operation.failed) error.publish(context);
  asyncStart.publish(context);
  asyncEnd.publish(context);
}

/** Begins an operation. Whoever calls this ends it. */
export function begin(watch: Watched, kind: OperationKind, sql: string | undefined): Operation {
  const observers = watch.observersOf(kind);
  if (isSubscribed(tracing[kind])) observers.push(publisher);
  return new Operation(kind, watch.contextOf(sql), watch.clock, observers);
}

/** Makes a call that is an operation. */
export async function around<S>(
  watch: Watched,
  kind: OperationKind,
  sql: string | undefined,
  call: (operation: Operation) => Promise<S>,
): Promise<S> {
  const operation = begin(watch, kind, sql);
  try {
    const result = await operation.enter(() => call(operation));
    operation.end();
    return result;
  } catch (error) {
    operation.fail(error);
    throw error;
  }
}
