/** Loads the packages of contenders, which need not be installed. */

import { createRequire } from "node:module";

import { AbsentError } from "./contender.ts";

const require = createRequire(import.meta.url);

/** What a package exports, or an error that says why there is nothing. */
export async function load<T>(specifier: string): Promise<T> {
  try {
    return await import(specifier) as T;
  } catch (error) {
    throw new AbsentError(reason(specifier, error));
  }
}

/** The same for a package in CommonJS, whose named exports are not found by every runtime. */
export function loadCommonJs<T>(specifier: string): T {
  try {
    return require(specifier) as T;
  } catch (error) {
    throw new AbsentError(reason(specifier, error));
  }
}

/** One short line without paths of this machine. */
function reason(specifier: string, error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" ||
    /cannot find (module|package)/i.test(message ?? "");
  if (isMissing) return `${specifier} is not installed`;
  const line = (message ?? String(error)).split("\n")[0];
  return `${specifier} does not load: ${line.replaceAll(/(file:\/\/)?\/[^\s'"]*\//g, "")}`;
}
