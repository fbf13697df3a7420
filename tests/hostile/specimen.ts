/** A real database with all that a file may hold, and a log beside it: what is mutated. */

import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NativeDriver } from "../helpers/drivers.ts";

/** A database as bytes. */
export interface Specimen {
  readonly file: Uint8Array;
  readonly log: Uint8Array;
}

/** Small, so that a small file has many pages. */
export const PAGE_SIZE = 1_024;

const COPY = "specimen.db";

/** The text of a view, as long as any of those that are to replace it. */
export const REPLACEABLE: string = "CREATE VIEW replaceable AS SELECT 1 AS one /*" +
  "-".repeat(400) + "*/";

const SCHEMA = `
  PRAGMA page_size = ${PAGE_SIZE};
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  CREATE TABLE people (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    born INTEGER CHECK (born > 1800),
    age INTEGER GENERATED ALWAYS AS (2026 - born) VIRTUAL,
    label TEXT GENERATED ALWAYS AS (name || ' (' || born || ')') STORED,
    photo BLOB
  );
  CREATE INDEX by_age ON people (age) WHERE age > 20;
  CREATE INDEX by_letter ON people (lower(substr(name, 1, 1)), born DESC);
  CREATE TABLE visits (
    person INTEGER REFERENCES people ON DELETE CASCADE, day TEXT, place TEXT COLLATE NOCASE DEFAULT 'here',
    PRIMARY KEY (person, day)
  ) WITHOUT ROWID;
  CREATE TABLE journal (line TEXT) STRICT;
  CREATE VIEW adults AS SELECT name, age FROM people WHERE age >= 18;
  CREATE VIEW visitors AS
    SELECT name, count(*) AS visits FROM people JOIN visits ON person = id GROUP BY id;
  ${REPLACEABLE};
  CREATE TRIGGER remember AFTER INSERT ON visits BEGIN
    INSERT INTO journal VALUES (new.person || ' at ' || new.place);
  END;
  CREATE TRIGGER replace_adult INSTEAD OF INSERT ON adults BEGIN
    INSERT INTO people (name, born) VALUES (new.name, 2026 - new.age);
  END;
`;

/** From and to a number: rows of every size, whose blobs fill chains of pages. */
const rows = (from: number, to: number): string => `
  WITH RECURSIVE c(n) AS (VALUES (${from}) UNION ALL SELECT n + 1 FROM c WHERE n < ${to})
  INSERT INTO people (name, born, photo)
    SELECT 'name ' || n, 1900 + n % 120, zeroblob(n * 37 % 2500) FROM c;
  INSERT INTO visits SELECT id, '2026-11-' || (id % 28), 'place ' || id FROM people
    WHERE id >= ${from};
  ANALYZE;
`;

const FULL_TEXT = `
  CREATE VIRTUAL TABLE words USING fts5(word, meaning);
  INSERT INTO words SELECT name, label FROM people;
`;

/** Makes the database in a directory. The log holds commits that the file does not. */
export function makeSpecimen({ open }: NativeDriver, directory: string): Specimen {
  const path = join(directory, "original");
  const handle = open(path);
  try {
    handle.exec(SCHEMA + rows(1, 150));
    try {
      handle.exec(FULL_TEXT);
    } catch (error) {
      // Some builds of SQLite have no FTS5.
      if (!/no such module/.test(String(error))) throw error;
    }
    // Leaves pages on the list of free ones.
    handle.exec("DELETE FROM people WHERE id % 5 = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    handle.exec(rows(151, 200));
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, join(directory, COPY + suffix));
  } finally {
    handle.close();
  }
  return readSpecimen(directory);
}

/** Reads the database that was made in a directory. */
export function readSpecimen(directory: string): Specimen {
  // The slice of a Buffer is no copy.
  const [file, log] = ["", "-wal"].map((suffix) =>
    new Uint8Array(readFileSync(join(directory, COPY + suffix)))
  );
  return { file, log };
}
