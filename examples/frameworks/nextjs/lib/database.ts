/**
 * The database of a Next.js app. In development each change of a file evaluates its module again,
 * and a variable of the module would open the database once more each time; what hangs on
 * `globalThis` stays. The same goes for Vite, Remix, Nuxt and every other server that reloads.
 */

import process from "node:process";

import type { Database } from "@sqlitepool/pool";

import { openBank } from "../../bank.ts";

const key = Symbol.for("bank.database");
const shared = globalThis as { [key]?: Promise<Database> };

/** Opens the database with the first call: not while `next build` evaluates the modules. */
export function database(): Promise<Database> {
  return shared[key] ??= openBank(process.env.DATABASE_PATH ?? "bank.db").catch((error) => {
    delete shared[key]; // the next request tries again
    throw error;
  });
}
