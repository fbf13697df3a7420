/**
 * Whether durable transactions share a sync.
 *
 * @module
 */

import type { Driver } from "../../driver/driver.ts";
import type { Durability } from "../pragmas.ts";
import type { SharedSync } from "./shared_sync.ts";

/**
 * Loads what durable transactions share, since most programs do not wait for the disk.
 *
 * @param path the file; `undefined` if nothing is written to one.
 * @returns `undefined` if SQLite alone sees to it that commits are as durable as they should be.
 */
export async function sharedSync(
  path: string | undefined,
  driver: Driver,
  { durability }: { readonly durability: Durability },
): Promise<SharedSync | undefined> {
  if (path === undefined || durability !== "full" || driver.hasPlainLog !== true) return undefined;
  const { SharedSync } = await import("./shared_sync.ts");
  return new SharedSync(path);
}
