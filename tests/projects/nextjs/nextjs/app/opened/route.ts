import * as module from "../../lib/database.ts";

const shared = globalThis as { seen?: Set<unknown> };
const seen = shared.seen ??= new Set();

/** How many databases the requests so far have met, and which version of the module this one has. */
export async function GET(): Promise<Response> {
  seen.add(await module.database());
  const { version = 0 } = module as { version?: number };
  return Response.json({ databases: seen.size, version });
}
