/** A real OpenTelemetry SDK, and what it has collected. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type Context, context, type ContextManager, ROOT_CONTEXT } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { AsyncLocalStorage } from "node:async_hooks";

/** What the package @opentelemetry/context-async-hooks has. */
class AsyncContexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => fn.apply(thisArg, args) as ReturnType<F>);
  }
  bind<T>(_context: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}
context.setGlobalContextManager(new AsyncContexts());

export interface Telemetry {
  readonly meterProvider: MeterProvider;
  readonly tracerProvider: BasicTracerProvider;
  spans(): ReadableSpan[];
  metrics(): Promise<ReadonlyMap<string, MetricData>>;
}

export function telemetry(t: TestContext): Telemetry {
  const spanExporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spanExporter)],
  });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 86_400_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  t.after(() => meterProvider.shutdown());
  return {
    meterProvider,
    tracerProvider,
    spans: () => spanExporter.getFinishedSpans(),
    async metrics() {
      const { resourceMetrics } = await reader.collect();
      const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
      return new Map(all.map((metric) => [metric.descriptor.name, metric]));
    },
  };
}

export const nameOf = (span: ReadableSpan): string => span.name;

/** Of the metrics of one pool. */
export interface Point {
  readonly attributes: Record<string, unknown>;
  readonly value: unknown;
}

export function points(metrics: ReadonlyMap<string, MetricData>, name: string): readonly Point[] {
  return (metrics.get(name)?.dataPoints ?? []) as unknown as readonly Point[];
}

export function pointOf(
  metrics: ReadonlyMap<string, MetricData>,
  name: string,
  attributes: Record<string, unknown>,
): Point["value"] {
  const found = points(metrics, name).filter((point) =>
    Object.entries(attributes).every(([key, value]) => point.attributes[key] === value)
  );
  assert.equal(found.length, 1, `${name} ${JSON.stringify(attributes)}`);
  return found[0].value;
}
