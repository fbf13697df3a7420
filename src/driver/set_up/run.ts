/**
 * Sets a new connection up: loads extensions, and runs what the user wrote.
 *
 * @module
 */

import { messageOf } from "../../platform/describe.ts";
import type { DriverConnection } from "../connection.ts";
import { ConnectionSetUpError } from "../errors.ts";
import type { ResolvedSetUp, SetUpContext, SetUpFunction } from "./options.ts";

/** What drivers have for extensions, most of them under these names. */
interface ExtensionLoader {
  loadExtension?(path: string): unknown;
  enableLoadExtension?(enabled: boolean): unknown;
}

/**
 * Sets a connection up, and closes it if that fails.
 *
 * @throws {ConnectionSetUpError} naming the extension or module that failed.
 */
export async function setUpConnection<C extends DriverConnection>(
  connection: C,
  { extensions, setUp }: ResolvedSetUp,
  context: SetUpContext,
): Promise<C> {
  try {
    if (extensions.length > 0) {
      loadExtensions(connection.raw as ExtensionLoader, extensions, context);
    }
    if (setUp !== undefined) await runSetUp(connection.raw, setUp, context);
    return connection;
  } catch (error) {
    // Why it failed matters more than that it could not be closed either.
    await connection.close().catch(() => {});
    throw error;
  }
}

function loadExtensions(
  raw: ExtensionLoader,
  extensions: readonly string[],
  { driver }: SetUpContext,
): void {
  if (typeof raw.loadExtension !== "function") {
    throw new ConnectionSetUpError(
      `The driver ${driver} cannot load extensions. Use node:sqlite, bun:sqlite, better-sqlite3 or ` +
        "libsql, or leave the option extensions out.",
    );
  }
  for (const path of extensions) {
    try {
      raw.loadExtension(path);
    } catch (cause) {
      const hint = driver === "bun:sqlite"
        ? " On macOS, Bun needs Database.setCustomSQLite() with a library that allows extensions."
        : "";
      throw new ConnectionSetUpError(
        `The extension ${JSON.stringify(path)} could not be loaded by ${driver}: ` +
          `${messageOf(cause)}.${hint}`,
        { cause },
      );
    }
  }
  raw.enableLoadExtension?.(false);
}

async function runSetUp(
  raw: unknown,
  setUp: SetUpFunction | string,
  context: SetUpContext,
): Promise<void> {
  const name = typeof setUp === "string" ? `The set-up module ${setUp}` : "The setUp function";
  const run = typeof setUp === "string" ? await load(setUp, name) : setUp;
  try {
    await run(raw, context);
  } catch (cause) {
    throw new ConnectionSetUpError(
      `${name} failed for a ${context.role} of ${context.driver}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

async function load(url: string, name: string): Promise<SetUpFunction> {
  let module: { readonly default?: unknown };
  try {
    module = await import(url);
  } catch (cause) {
    throw new ConnectionSetUpError(`${name} could not be loaded: ${messageOf(cause)}`, { cause });
  }
  if (typeof module.default === "function") return module.default as SetUpFunction;
  throw new ConnectionSetUpError(
    `${name} must have a function as its default export: export default (raw, { role }) => { ... }`,
  );
}
