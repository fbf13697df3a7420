/** A path opens the file of that name and no other, or nothing. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { databaseDrivers } from "../helpers/database_drivers.ts";
import { temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const names = ["a.db ", "a.db\n", "a.db\u00a0", "a%20b.db", "a?b.db", "a#b.db"];

for (const tested of databaseDrivers) {
  const title = `${tested.name}: the file that is opened is the one that was named`;
  test(title, skipFor(title, tested.unavailable), async (t) => {
    for (const name of names) {
      const directory = temporaryDirectory(t);
      const open = async (): Promise<void> => {
        const options = { readonly: false, create: true, intMode: "number" } as const;
        const conn = await tested.driver.open(join(directory, name), {
          ...options,
          statementCacheSize: undefined,
        });
        try {
          await conn.execute("CREATE TABLE t (a)");
        } finally {
          await conn.close();
        }
      };
      try {
        await open();
        assert.deepEqual(readdirSync(directory), [name]);
      } catch (error) {
        assert.match(String(error), /^RangeError: .* whitespace, which .* trims/);
        assert.deepEqual(readdirSync(directory), []);
      }
    }
  });
}
