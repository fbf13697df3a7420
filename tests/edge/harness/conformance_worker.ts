/** Runs single cases of the conformance suite inside workerd. */

import type { TestContext } from "node:test";

import { conformance } from "../../conformance/suite.ts";
import type { EdgeDriver, Host } from "./edge_driver.ts";

/** How a case ended, as JSON. */
export interface CaseReport {
  /** The stack of what it threw; undefined if it passed. */
  readonly problem?: string;
}

/** As much of node:test's context as the cases use: workerd has none. */
class CaseContext {
  readonly #clearing: (() => unknown)[] = [];

  after(clear: () => unknown): void {
    this.#clearing.push(clear);
  }

  async end(): Promise<void> {
    for (const clear of this.#clearing) await clear();
  }
}

async function runCase(driver: EdgeDriver, name: string, host: Host): Promise<void> {
  const open = driver.openerFor(host);
  const cases = conformance({ ...driver, unavailable: undefined, open });
  const one = cases.find(([candidate]) => candidate === name);
  if (one === undefined) throw new Error(`There is no case named "${name}".`);
  const context = new CaseContext();
  try {
    await one[2](context as unknown as TestContext);
  } finally {
    await context.end();
  }
}

async function report(driver: EdgeDriver, request: Request, host: Host): Promise<Response> {
  let problem: string | undefined;
  try {
    await runCase(driver, await request.text(), host);
  } catch (error) {
    problem = error instanceof Error ? `${error.stack}\n${describeCause(error)}` : String(error);
  }
  return Response.json({ problem } satisfies CaseReport);
}

function describeCause({ cause }: Error): string {
  return cause instanceof Error ? `[cause]: ${cause.stack}` : "";
}

interface Environment extends Record<string, unknown> {
  readonly CASES: {
    newUniqueId(): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

/** What the Worker of a driver exports; the class is bound as `CASES`. */
export interface ConformanceWorker {
  readonly Cases: new (ctx: unknown, env: Environment) => object;
  readonly handler: { fetch(request: Request, env: Environment): Promise<Response> };
}

/** Each request names a case, which runs where the driver is at home. */
export function conformanceWorker(driver: EdgeDriver): ConformanceWorker {
  class Cases {
    readonly #host: Host;

    constructor(ctx: unknown, env: Environment) {
      this.#host = { ctx, env };
    }

    fetch(request: Request): Promise<Response> {
      return report(driver, request, this.#host);
    }
  }
  const handler: ConformanceWorker["handler"] = {
    fetch(request, env) {
      if (driver.place === "worker") return report(driver, request, { env, ctx: undefined });
      return env.CASES.get(env.CASES.newUniqueId()).fetch(request);
    },
  };
  return { Cases, handler };
}
