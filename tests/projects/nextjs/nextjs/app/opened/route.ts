import * as module from "../../lib/database.ts";

const shared = globalThis as { seen?: Set<unknown> };
const seen = shared.seen ??= new Set();

/**
 * How many databases the requests so far have met, which version of the module this one has, and how
 * many writes are in progress.
 */
export async function GET(): Promise<Response> {
  const database = await module.database();
  seen.add(database);
  const { version = 0 } = module as { version?: number };
  return Response.json({ databases: seen.size, version, writing: database.stats.writer?.inUse });
}
