/**
 * A span for each statement and each transaction.
 *
 * @module
 */

import {
  type Attributes,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { Observed, Observer } from "../../src/connections/observation/operation.ts";
import * as names from "./conventions.ts";
import { sanitize, summarize } from "./query_text.ts";

/** What the conventions call a failure: the code of SQLite where there is one. */
export function failureAttributes(error: unknown): Attributes {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === "string") {
    return { [names.ERROR_TYPE]: code, [names.DB_RESPONSE_STATUS_CODE]: code };
  }
  return { [names.ERROR_TYPE]: typeof name === "string" ? name : "_OTHER" };
}

/** Makes spans. A tracer that throws costs its span, and nothing else. */
export class Spans implements Observer {
  readonly kinds: Observer["kinds"] = ["query", "transaction"];
  readonly #tracer: Tracer;
  readonly #spans = new WeakMap<Observed, Span>();
  readonly #server: Attributes;

  /** @param server where the database is, if that is a server. */
  constructor(tracer: Tracer, server: Attributes) {
    this.#tracer = tracer;
    this.#server = server;
  }

  enter<S>(operation: Observed, call: () => S): S {
    const span = this.#start(operation);
    if (span === undefined) return call();
    this.#spans.set(operation, span);
    return context.with(trace.setSpan(context.active(), span), call);
  }

  ended(operation: Observed): void {
    const span = this.#spans.get(operation);
    if (span === undefined) return;
    try {
      const { rows, error } = operation.context;
      if (rows !== undefined) span.setAttribute(names.DB_RESPONSE_RETURNED_ROWS, rows);
      if (operation.failed) {
        span.setAttributes(failureAttributes(error));
        const message = error instanceof Error ? error.message : undefined;
        span.setStatus({ code: SpanStatusCode.ERROR, message });
      }
      span.end();
    } catch {
      // See above.
    }
  }

  #start({ kind, context: { sql = "", name, role, place } }: Observed): Span | undefined {
    const attributes: Attributes = {
      ...this.#server,
      [names.DB_SYSTEM_NAME]: names.SQLITE,
      [names.DB_NAMESPACE]: name,
      [names.ROLE]: role,
      [names.PLACE]: place,
    };
    const summary = summarize(sql);
    let title = summary ?? names.SQLITE;
    if (kind === "transaction") {
      title = attributes[names.DB_OPERATION_NAME] = sql.startsWith("BEGIN")
        ? "TRANSACTION"
        : "SAVEPOINT";
    } else {
      attributes[names.DB_QUERY_TEXT] = sanitize(sql);
      attributes[names.DB_QUERY_SUMMARY] = summary;
    }
    try {
      return this.#tracer.startSpan(title, { kind: SpanKind.CLIENT, attributes });
    } catch {
      return undefined;
    }
  }
}
