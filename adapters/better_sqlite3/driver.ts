/**
 * The driver `better-sqlite3`: for `openDatabase`, and for handles opened by the user.
 *
 * @example
 * ```ts
 * import Database from "better-sqlite3";
 * import { adaptBetterSqlite3 } from "@sqlitepool/pool/better-sqlite3";
 *
 * const conn = adaptBetterSqlite3(new Database("app.db"), { intMode: "bigint" });
 * const { rows } = await conn.execute("SELECT ? AS answer", [42]);
 * await conn.close();
 * ```
 *
 * @module
 */

import type { BackupProgress, Driver, DriverOpenOptions } from "../../src/driver/driver.ts";
import { adaptBetterSqlite3, type BetterSqlite3Handle } from "./adapter.ts";
import { checkDriverClass, type DriverClass } from "../driver_class.ts";
import { openError, openHandle } from "../open_error.ts";
import { hasMethods } from "../shape.ts";
import { packageOf } from "./handle.ts";

export {
  adaptBetterSqlite3,
  type BetterSqlite3Handle,
  betterSqlite3Limits,
  type BetterSqlite3Statement,
  isBetterSqlite3Handle,
} from "./adapter.ts";

/** How many pages a backup copies before it yields: 400 kB at the default page size. */
const PAGES_AT_ONCE = 100;

/** What is used of the class `Database` of better-sqlite3. */
export interface BetterSqlite3Class {
  /** Opens a database. */
  new (
    path: string,
    options: {
      readonly readonly: boolean;
      readonly fileMustExist: boolean;
      readonly timeout: number;
    },
  ): BetterSqlite3Handle;
}

const driverClass: DriverClass = {
  taker: "betterSqlite3",
  module: "better-sqlite3",
  example: 'import Database from "better-sqlite3"; betterSqlite3(Database)',
  matches: (value) =>
    hasMethods(value, ["prepare", "exec", "close", "defaultSafeIntegers", "unsafeMode"]) &&
    // libsql has the same methods and more.
    !hasMethods(value, ["sync"]),
};

/**
 * Creates a driver for `openDatabase` from better-sqlite3, or from its fork
 * better-sqlite3-multiple-ciphers, which encrypts files. Threads load the package by its name.
 *
 * @param Database The class that the package exports.
 * @returns The driver. Its backups copy some pages at a time and report their progress.
 * @throws {TypeError} for anything but that class.
 *
 * @example
 * ```ts
 * import Database from "better-sqlite3";
 * import { openDatabase } from "@sqlitepool/pool";
 * import { betterSqlite3 } from "@sqlitepool/pool/better-sqlite3";
 *
 * const db = await openDatabase("app.db", { driver: betterSqlite3(Database) });
 * console.log(await db.values("SELECT sqlite_version()"));
 * await db.close();
 * ```
 */
export function betterSqlite3(Database: BetterSqlite3Class): Driver {
  checkDriverClass(Database, driverClass);
  const name = packageOf(Database.prototype);
  return {
    name,
    library: name,
    hasPlainLog: true,
    open(path, { readonly, create, ...options }: DriverOpenOptions) {
      checkPath(path);
      // The driver refuses to open a database in memory read-only.
      const access = { readonly: readonly && path !== ":memory:", fileMustExist: !create };
      const open = () => new Database(path, { ...access, timeout: 0 });
      return adaptBetterSqlite3(openHandle(open), options);
    },
    // The fork cannot copy an encrypted file page by page, into a file without a key.
    ...(name === "better-sqlite3" && { backup: backUp as Driver["backup"] }),
  };
}

async function backUp(
  handle: BetterSqlite3Handle,
  path: string,
  onProgress: ((progress: BackupProgress) => void) | undefined,
): Promise<void> {
  checkPath(path);
  let refusal: { readonly error: unknown } | undefined;
  const progress = (state: BackupProgress): number => {
    try {
      onProgress?.(state);
    } catch (error) {
      refusal = { error };
      throw error;
    }
    return PAGES_AT_ONCE;
  };
  const copied = handle.backup(path, { progress });
  const last = await copied.catch((error) => {
    throw refusal === undefined ? openError(error) : error;
  });
  onProgress?.(last);
}

/** The driver would open or write a different file. */
function checkPath(path: string): void {
  if (path === path.trim()) return;
  throw new RangeError(
    `The path ${
      JSON.stringify(path)
    } begins or ends with whitespace, which better-sqlite3 trims. ` +
      "Rename the file, or use another driver.",
  );
}
