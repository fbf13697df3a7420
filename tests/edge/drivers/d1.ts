/** Cloudflare D1, as miniflare has it. */

import { adaptD1, d1Limits } from "../../../adapters/d1/adapter.ts";
import type { D1Handle } from "../../../adapters/d1/handle.ts";
import { limitTexts } from "../../../adapters/limits.ts";
import type { DriverConnection } from "../../../mod.ts";
import type { EdgeDriver } from "../harness/edge_driver.ts";

/** D1 has these settings as the cases want them, and lets nobody change them. */
const SETTINGS = /^PRAGMA (journal_mode = WAL|busy_timeout = \d+)$/i;
const NOTHING = { columns: [], rows: [], rowsAffected: 0, lastInsertRowid: undefined };

/** Drops what another case has left in a database. */
async function clear(db: D1Handle): Promise<void> {
  const found = await db.prepare(
    "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') " +
      "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '!_cf!_%' ESCAPE '!'",
  ).raw({ columnNames: true });
  const drops = found.slice(1).map(([name, type]) =>
    db.prepare(`DROP ${type} "${String(name).replaceAll('"', '""')}"`)
  );
  await db.batch([db.prepare("PRAGMA defer_foreign_keys = ON"), ...drops]);
}

function withSettings(connection: DriverConnection): DriverConnection {
  const execute = connection.execute.bind(connection) as DriverConnection["execute"];
  connection.execute = (sql, ...rest) =>
    SETTINGS.test(sql) ? Promise.resolve(NOTHING) : execute(sql, ...rest);
  return connection;
}

export const driver: EdgeDriver = {
  name: "d1",
  limits: d1Limits,
  exceptions: {
    "a corrupt file: SQLITE_CORRUPT": limitTexts.files,
  },
  place: "worker",
  openerFor({ env }) {
    const databases = new Map<string, Promise<D1Handle>>();
    const take = async (index: number): Promise<D1Handle> => {
      const db = env[`DB${index}`] as D1Handle;
      await clear(db);
      return db;
    };
    return async (path, { intMode }) => {
      const key = path === ":memory:" ? `memory ${databases.size}` : path;
      if (!databases.has(key)) databases.set(key, take(databases.size));
      const db = await databases.get(key)!;
      return withSettings(adaptD1(db, { intMode }));
    };
  },
};
