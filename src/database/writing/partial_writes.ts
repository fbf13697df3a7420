/**
 * Whether a statement that fails in autocommit could leave part of its changes.
 *
 * SQLite undoes a failing statement unless its text or the schema says FAIL: `ON CONFLICT FAIL` of
 * a constraint, or `RAISE(FAIL)` in a trigger. In autocommit, its partial changes are then
 * committed.
 *
 * @module
 */

import type { PhysicalConnection } from "../../connections/physical_connection.ts";
import { AS_VALUES } from "../../connections/query.ts";
import { SQLiteError } from "../../sqlite/errors.ts";

const SCHEMA_VERSION = "SELECT schema_version FROM pragma_schema_version";
/** The word occurs elsewhere too, but an unnecessary transaction does no harm. */
const SAYS_FAIL = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE sql LIKE '%FAIL%') OR " +
  "EXISTS (SELECT 1 FROM sqlite_temp_schema WHERE sql LIKE '%FAIL%') OR " +
  // An attached database has its own schema.
  "EXISTS (SELECT 1 FROM pragma_database_list WHERE name NOT IN ('main', 'temp'))";
const CHANGES = "SELECT changes()";

/** What is known about the writer's schema. */
export class PartialWrites {
  #state: "unknown" | "impossible" | "possible" = "unknown";
  /** The last schema version that did not contain FAIL. */
  #schemaVersion: unknown = undefined;

  /** The schema may have changed. */
  lookAgain(): void {
    this.#state = "unknown";
  }

  /** Whether a failing statement leaves no changes, whatever its tables and triggers are. */
  areImpossible(physical: PhysicalConnection): boolean {
    if (this.#state === "unknown") this.#state = this.#look(physical);
    return this.#state === "impossible";
  }

  /**
   * Reports that part of a failed statement was committed, because another process changed the
   * schema.
   */
  explain(physical: PhysicalConnection, error: unknown): unknown {
    if (!(error instanceof SQLiteError) || error.code !== "SQLITE_CONSTRAINT") return error;
    this.lookAgain();
    if (Number(read(physical, CHANGES)) === 0) return error;
    return new SQLiteError(
      `${error.message}: the rows before the one that failed are committed, because the schema ` +
        "says FAIL. Use ABORT instead.",
      error.rawCode,
      { cause: error },
    );
  }

  #look(physical: PhysicalConnection): "unknown" | "impossible" | "possible" {
    const version = read(physical, SCHEMA_VERSION);
    if (version === undefined) return "unknown";
    if (version === this.#schemaVersion) return "impossible";
    const saysFail = read(physical, SAYS_FAIL);
    if (saysFail === undefined) return "unknown";
    if (Number(saysFail) !== 0) return "possible";
    this.#schemaVersion = version;
    return "impossible";
  }
}

/** Returns one value; `undefined` if it is currently unavailable. */
function read(physical: PhysicalConnection, sql: string): unknown {
  try {
    return physical.runNow(sql, undefined, AS_VALUES)?.rows[0]?.[0];
  } catch {
    return undefined;
  }
}
