/**
 * Finds the script of threads and processes.
 *
 * @module
 */

/**
 * Returns the script, which is beside this module. Built code is in .js files.
 *
 * @param explanation What to say where it cannot be located.
 */
export function ownScript(explanation: string): URL {
  // It is empty in CommonJS bundles, and workerd does not set it.
  const url: string | undefined = import.meta.url;
  if (url === undefined) throw new TypeError(explanation);
  return new URL(url.endsWith(".ts") ? "./worker.ts" : "./worker.js", url);
}
