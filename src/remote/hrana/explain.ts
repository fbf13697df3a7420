/**
 * Loads what callers are told of requests that failed, when there is something to tell.
 *
 * @module
 */

import { messageOf } from "../../platform/describe.ts";
import { OnDemand } from "../../pool/on_demand.ts";
import { RequestFailure } from "./request_failure.ts";

const failures: OnDemand<typeof import("./failures.ts")> = new OnDemand(
  "The code for failed requests",
  () => import("./failures.ts"),
);

/** Turns a request that failed into what a caller gets: an error of its own, at each call. */
export type Explain = (error: unknown, outcome?: "unchanged" | "unknown") => unknown;

/** Never rejects: what kept the code from being loaded is told in its place. */
export async function loadExplain(): Promise<Explain> {
  try {
    const { explain } = await failures.load();
    return explain;
  } catch (error) {
    return () => error;
  }
}

/** What a caller gets for an error of a request that changed nothing, or may have. */
export async function explained(...failure: Parameters<Explain>): Promise<unknown> {
  const explain = await loadExplain();
  return explain(...failure);
}

/** The failure of a request that `fetch` threw an error for. */
export async function failureOfFetch(origin: string, error: unknown): Promise<RequestFailure> {
  try {
    const { fetchFailure } = await failures.load();
    return fetchFailure(origin, error);
  } catch (cause) {
    return new RequestFailure("lost", origin, messageOf(cause), 0, cause);
  }
}
