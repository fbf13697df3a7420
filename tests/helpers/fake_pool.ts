/** A pool of fake resources on a fake clock, and a way to see the current state of promises. */

import type { Lease } from "../../src/pool/lease.ts";
import type { CorePoolOptions } from "../../src/pool/options.ts";
import { Pool } from "../../src/pool/pool.ts";
import { FakeClock } from "./fake_clock.ts";
import { type FakeResource, FakeResources } from "./fake_resources.ts";

export interface FakePool {
  readonly pool: Pool<FakeResource>;
  readonly clock: FakeClock;
  readonly resources: FakeResources;
}

export function fakePool(
  options: CorePoolOptions = {},
  random: () => number = () => 0,
): FakePool {
  const clock = new FakeClock();
  // Not 0, so that a point in time is not mistaken for a duration.
  clock.pass(5_000);
  const resources = new FakeResources(() => clock.now());
  return { pool: new Pool(resources, options, { clock, random }), clock, resources };
}

/** The state of a promise so far. */
export interface Watched<V> {
  state: "pending" | "fulfilled" | "rejected";
  value: V | undefined;
  error: unknown;
}

export function watch<V>(promise: V | PromiseLike<V>): Watched<V> {
  const watched: Watched<V> = { state: "pending", value: undefined, error: undefined };
  Promise.resolve(promise).then(
    (value) => Object.assign(watched, { state: "fulfilled", value }),
    (error) => Object.assign(watched, { state: "rejected", error }),
  );
  return watched;
}

/** The value of a watched promise. Throws if it is not fulfilled. */
export function served<V>({ state, value, error }: Watched<V>): V {
  if (state !== "fulfilled") throw new Error(`not served but ${state}: ${error}`);
  return value as V;
}

/** Acquires `count` leases at once. */
export function acquireMany<T>(pool: Pool<T>, count: number): Promise<Lease<T>[]> {
  return Promise.all(Array.from({ length: count }, () => pool.acquire()));
}
