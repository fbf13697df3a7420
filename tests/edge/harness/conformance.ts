/** The conformance suite for a driver inside workerd: one test outside for each case inside. */

import process from "node:process";
import { after } from "node:test";

import { conformance, type ConformanceTest } from "../../conformance/suite.ts";
import type { CaseReport } from "./conformance_worker.ts";
import type { EdgeDriver } from "./edge_driver.ts";
import { noWorkerd, type StartedWorker, startWorker } from "./workerd.ts";

/** Each statement is a request there, so there are fewer of them than elsewhere. */
const ROUND_TRIPS = "1000";

/**
 * As `conformance`, for a driver that `file`, relative to the root, exports as `driver`. The first case starts the Worker, and the
 * end of the file that calls this stops it.
 */
export function conformanceInWorkerd(driver: EdgeDriver, file: string): ConformanceTest[] {
  let starting: Promise<StartedWorker> | undefined;
  const start = () =>
    starting ??= startWorker({
      source: `import { conformanceWorker } from "./tests/edge/harness/conformance_worker.ts";
        import { driver } from ${JSON.stringify(`./${file}`)};
        const { Cases, handler } = conformanceWorker(driver);
        export { Cases, handler as default };`,
      durableObjects: { CASES: "Cases" },
      nodejsCompat: true,
      bindings: { ROUND_TRIPS: process.env.ROUND_TRIPS ?? ROUND_TRIPS },
    });
  if (noWorkerd === undefined) after(() => starting?.then((worker) => worker.stop()));
  const names = conformance({ ...driver, unavailable: noWorkerd, open: isInside });
  return names.map(([name, options]) => [name, options, async () => {
    const worker = await start();
    const response = await worker.fetch("http://cases/", { method: "POST", body: name });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    const { problem } = await response.json() as CaseReport;
    if (problem !== undefined) throw new Error(`inside workerd: ${problem}`);
  }]);
}

async function isInside(): Promise<never> {
  throw new Error("Connections are opened inside workerd.");
}
