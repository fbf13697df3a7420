/**
 * What is done to every new connection, wherever it lives: the options of databases and threads.
 *
 * @module
 */

import { absolutePath, fileUrlOf } from "../../platform/builtins.ts";
import { describeValue } from "../../platform/describe.ts";

/** What a set-up function is told about the connection. */
export interface SetUpContext {
  /** Whether the connection is the writer, or one that only reads. */
  readonly role: "writer" | "reader";
  /** The name of the driver, such as "node:sqlite", which tells what the handle can do. */
  readonly driver: string;
}

/**
 * Sets up the driver's own handle of a new connection, before any statement runs on it. Its
 * parameter may be declared as the class of the driver's handle.
 */
export type SetUpFunction = {
  /** Declared as a method, so that the handle may have any type. */
  setUp(raw: unknown, context: SetUpContext): unknown;
}["setUp"];

/** How every connection is set up. */
export interface SetUpOptions {
  /**
   * Extensions to load: paths of shared libraries. Loading is switched off again afterwards, where
   * the driver can.
   */
  extensions?: readonly string[];
  /**
   * Defines functions, aggregates and collations, or sets the key of an encrypted file. A function
   * where connections are opened in this thread; otherwise the URL or path of a module whose default
   * export is one, which each thread loads.
   */
  setUp?: SetUpFunction | string | URL;
}

/** The options, checked and fit to travel unless `setUp` is a function. */
export interface ResolvedSetUp {
  readonly extensions: readonly string[];
  /** A function, or the URL of a module. */
  readonly setUp: SetUpFunction | string | undefined;
}

/**
 * Checks the options.
 *
 * @param folder what relative paths start from.
 * @throws {TypeError} one of them is not what it can be.
 */
export function resolveSetUp(
  { extensions = [], setUp }: SetUpOptions,
  folder: string | undefined,
): ResolvedSetUp {
  if (!Array.isArray(extensions)) {
    throw new TypeError(`extensions must be an array of paths; got ${describeValue(extensions)}`);
  }
  const paths = extensions.map((path: unknown) => {
    if (typeof path !== "string" || path === "") {
      throw new TypeError(`extensions must be paths; got ${describeValue(path)}`);
    }
    // A bare name is looked for where the system keeps its libraries.
    return /[/\\]/.test(path) ? absolutePath(path, folder) : path;
  });
  return { extensions: paths, setUp: resolveModule(setUp, folder) };
}

function resolveModule(
  setUp: unknown,
  folder: string | undefined,
): SetUpFunction | string | undefined {
  if (setUp === undefined || typeof setUp === "function") return setUp as SetUpFunction | undefined;
  if (setUp instanceof URL) return setUp.href;
  if (typeof setUp !== "string" || setUp === "") {
    throw new TypeError(
      `setUp must be a function, or the URL or path of a module; got ${describeValue(setUp)}`,
    );
  }
  // One letter before the colon is a drive.
  if (/^[a-z][a-z0-9+.-]+:/i.test(setUp)) return setUp;
  return fileUrlOf(absolutePath(setUp, folder));
}

/** What can travel to a thread. */
export interface TravellingSetUp {
  readonly extensions: readonly string[];
  readonly setUp: string | undefined;
}

/** @throws {TypeError} `setUp` is a function, which cannot travel to another thread. */
export function moduleOnly({ extensions, setUp }: ResolvedSetUp, where: string): TravellingSetUp {
  if (typeof setUp !== "function") return { extensions, setUp };
  throw new TypeError(
    `${where} takes no function as setUp, which cannot leave its thread. Make it the default ` +
      'export of a module, and pass setUp: new URL("./set_up.ts", import.meta.url).',
  );
}
