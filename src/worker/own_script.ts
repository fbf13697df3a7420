/**
 * Finds the scripts of threads and processes.
 *
 * @module
 */

/**
 * Returns the script that is beside a module. Built code is in .js files.
 *
 * @param module `import.meta.url`, which is empty in CommonJS bundles, and not set by workerd.
 * @param name The name of the script without its extension.
 * @throws {TypeError} with `explanation` if the module does not know where it is.
 */
export function scriptBeside(module: string | undefined, name: string, explanation: string): URL {
  if (module === undefined) throw new TypeError(explanation);
  return new URL(`./${name}.${module.endsWith(".ts") ? "ts" : "js"}`, module);
}
