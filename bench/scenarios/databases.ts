/** What scenarios on a database have in common. */

import { entries, entryOf } from "../contenders/catalog.ts";
import { AbsentError, type Contender, type OpenOptions } from "../contenders/contender.ts";
import type { Lane, Subject } from "./scenario.ts";

/** Connections that read, for every contender that lets one choose. */
export const READERS = 4;

/** Those whose program has only some of the scenarios. */
export const PYTHON: readonly string[] = entries.filter(({ language }) => language === "python")
  .map(({ id }) => id);

/** All contenders, but for those of ours that a scenario has no use for. */
export function lanesWithout(...ids: readonly string[]): () => readonly Lane[] {
  return () => entries.filter(({ id }) => !ids.includes(id));
}

export async function openContender(
  subject: Subject,
  options: Partial<OpenOptions> = {},
): Promise<Contender> {
  const open = await entryOf(subject.lane).load();
  return await open({ path: subject.path, synchronous: "NORMAL", readers: READERS, ...options });
}

/** A method that not every contender has. */
export function required<T>(method: T | undefined, what: string): T {
  if (method === undefined) throw new AbsentError(`has no ${what}`);
  return method;
}
