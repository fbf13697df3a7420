/**
 * What Kysely has to know of the database.
 *
 * @module
 */

import { type Kysely, SqliteAdapter } from "kysely";
import { SqlitePoolConnection } from "./connection.ts";

export class SqlitePoolAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  /** Migrations that begin while others run wait for them, in this process. */
  // deno-lint-ignore no-explicit-any -- the type that Kysely gives it
  override async acquireMigrationLock(db: Kysely<any>): Promise<void> {
    await db.getExecutor().provideConnection(async (connection) => {
      if (connection instanceof SqlitePoolConnection) await connection.keepForMigrations();
    });
  }
}
