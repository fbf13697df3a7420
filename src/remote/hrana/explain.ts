/**
 * Loads the error messages for failed requests when the first one fails.
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

/** Creates the error that one caller of a failed request gets. */
export type Explain = (error: unknown, outcome?: "unchanged" | "unknown") => unknown;

/** Never rejects: if the code cannot be loaded, callers get that error instead. */
export async function loadExplain(): Promise<Explain> {
  try {
    const { explain } = await failures.load();
    return explain;
  } catch (error) {
    return () => error;
  }
}

/** Creates the error for the only caller of a failed request. */
export async function explained(...failure: Parameters<Explain>): Promise<unknown> {
  const explain = await loadExplain();
  return explain(...failure);
}

/** Classifies an error that `fetch` threw. */
export async function failureOfFetch(origin: string, error: unknown): Promise<RequestFailure> {
  try {
    const { fetchFailure } = await failures.load();
    return fetchFailure(origin, error);
  } catch (cause) {
    return new RequestFailure("lost", origin, messageOf(cause), 0, cause);
  }
}
