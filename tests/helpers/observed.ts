/** What callers do on a database, and what those who watch are told of it. */

import assert from "node:assert/strict";
import type { Database, StatementEvent } from "../../mod.ts";
import type { ObservationOptions } from "../../src/connections/observation/options.ts";

export const CREATE: string = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
export const INSERT: string = "INSERT INTO t (name) VALUES (?)";
export const RETURNING: string = "INSERT INTO t (name) VALUES (?) RETURNING id";
export const SELECT: string = "SELECT name FROM t ORDER BY id";
export const ONE: string = "SELECT name FROM t WHERE id = ?";
export const BAD: string = "SELECT nothing FROM t";
export const SECRET: string = "a parameter";

/** What a statement told: its text, how many rows, and the code of its error. */
export type Told = readonly [sql: string, rows: number, code?: string];

export const told = (
  { sql, rows, error }: Pick<StatementEvent, "sql" | "rows" | "error">,
): Told => {
  const { code } = (error ?? {}) as { readonly code?: string };
  return code === undefined ? [sql, rows] : [sql, rows, code];
};

/** Options whose hook writes down what it is told. */
export function recorder(): { events: StatementEvent[]; options: ObservationOptions } {
  const events: StatementEvent[] = [];
  return { events, options: { onStatement: (event) => events.push(event) } };
}

export const failing = async (call: Promise<unknown>): Promise<void> => {
  await assert.rejects(call);
};

export type Step<T> = readonly [ask: (target: T) => Promise<unknown>, ...told: Told[]];

/** What callers do on a database, and what is told of it. */
export const databaseSteps: Readonly<Record<string, Step<Database>>> = {
  executeScript: [
    (db) => db.executeScript(`${CREATE}; ${CREATE.replace("t (", "u (")};`),
    [CREATE, 0],
    [CREATE.replace("t (", "u ("), 0],
  ],
  run: [(db) => db.run(INSERT, [SECRET]), [INSERT, 0]],
  "run with RETURNING": [(db) => db.run(RETURNING, [SECRET]), [RETURNING, 1]],
  "run that fails": [
    (db) => failing(db.run(INSERT, [null])),
    [INSERT, 0, "SQLITE_CONSTRAINT"],
  ],
  "runs that share a commit": [
    (db) => Promise.all([1, 2, 3].map((n) => db.run(INSERT, [`${SECRET} ${n}`]))),
    ...[1, 2, 3].map((): Told => [INSERT, 0]),
  ],
  "runs that share a commit, one of which fails": [
    (db) => Promise.allSettled([SECRET, null, SECRET].map((name) => db.run(INSERT, [name]))),
    [INSERT, 0],
    [INSERT, 0, "SQLITE_CONSTRAINT"],
    [INSERT, 0],
  ],
  all: [(db) => db.all(SELECT), [SELECT, 7]],
  get: [(db) => db.get(SELECT), [SELECT, 1]],
  "get without a row": [(db) => db.get(ONE, [99]), [ONE, 0]],
  values: [(db) => db.values(SELECT), [SELECT, 7]],
  value: [(db) => db.value(SELECT), [SELECT, 1]],
  "read that fails": [(db) => failing(db.all(BAD)), [BAD, 0, "SQLITE_ERROR"]],
  batch: [
    (db) => db.batch([{ sql: INSERT, params: [SECRET] }, { sql: SELECT }]),
    [INSERT, 0],
    [SELECT, 8],
  ],
  "batch that fails": [
    (db) => failing(db.batch([{ sql: INSERT, params: [null] }])),
    [INSERT, 0, "SQLITE_CONSTRAINT"],
  ],
  write: [
    (db) =>
      db.write(async (tx) => {
        await tx.run(INSERT, [SECRET]);
        await tx.transaction((inner) => inner.run(INSERT, [SECRET]));
      }),
    [INSERT, 0],
    [INSERT, 0],
  ],
  "write that is rolled back": [
    (db) =>
      failing(db.write(async (tx) => {
        await tx.run(INSERT, [SECRET]);
        throw new Error("no");
      })),
    [INSERT, 0],
  ],
  read: [(db) => db.read((snapshot) => snapshot.get(ONE, [1])), [ONE, 1]],
  iterate: [
    async (db) => {
      for await (const row of db.iterate(SELECT)) void row;
    },
    [SELECT, 10],
  ],
  "iterate that is left": [
    async (db) => {
      let seen = 0;
      for await (const row of db.iterate(SELECT)) {
        void row;
        if (++seen === 2) break;
      }
    },
    [SELECT, 2],
  ],
  "iterate that fails": [
    async (db) => {
      await failing(db.iterate(BAD).next());
    },
    [BAD, 0, "SQLITE_ERROR"],
  ],
  checkpoint: [(db) => db.checkpoint()],
};
