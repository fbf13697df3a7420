/** Statements that work or fail in every way SQLite and this library have. */

import type { BindValue, RowFactory } from "../../../mod.ts";
import { TOO_MANY_BYTES } from "./schema.ts";

/**
 * What comes of a statement: "later" works inside a transaction, whose COMMIT fails then, and
 * fails outside one. "ends" fails and takes the transaction with it; "may end" depends on how
 * SQLite runs it.
 */
export type Fate = "works" | "fails" | "later" | "ends" | "may end";

export interface Kind {
  readonly name: string;
  readonly fate: Fate;
  /** The text; `tag` and `value` are placeholders or literals. */
  sql(tag: string, value: string, key: number): string;
  /** The rows of it when it works. */
  readonly rows: readonly number[];
  /** The rows that are also in the table of copies. */
  readonly copies?: readonly number[];
  /** What it may have left when it has failed inside a transaction that was committed. */
  readonly leaves?: readonly (readonly number[])[];
  /** Nothing in its text says that a failure leaves a part. */
  readonly hidden?: boolean;
  /** Spoils the parameters. */
  spoil?(params: BindValue[]): unknown;
  readonly rowFactory?: RowFactory<unknown>;
  /** It cannot be part of a script. */
  readonly needsParams?: boolean;
  /** Rows of RETURNING when it works, as arrays. */
  readonly returned?: number;
}

/** Three rows; `column` of the second has `value`, which is what goes wrong. */
function threeRows(verb: string, column: string, bad: string, end = "") {
  return (tag: string, value: string): string =>
    `${verb} INTO t (tag, n, v, ${column}) SELECT ${tag}, column1, ${value}, column2 ` +
    `FROM (VALUES (1, NULL), (2, ${bad}), (3, NULL))${end}`;
}

const ALL = [1, 2, 3];
/** Rows that were written before the result could not be delivered: all of them or none. */
const WHOLE_OR_NOTHING = [[], ALL];

function throwing(what: () => unknown): RowFactory<unknown> {
  return (values) => {
    if (values[0] === 2) throw what();
    return values;
  };
}

const returning = " RETURNING n";

export const KINDS: readonly Kind[] = [
  {
    name: "insert",
    fate: "works",
    sql: (tag, value) => `INSERT INTO t (tag, n, v) VALUES (${tag}, 1, ${value})`,
    rows: [1],
  },
  {
    name: "three rows",
    fate: "works",
    sql: threeRows("INSERT", "key", "NULL"),
    rows: ALL,
  },
  {
    name: "returning",
    fate: "works",
    sql: threeRows("INSERT", "key", "NULL", returning),
    rows: ALL,
    returned: 3,
  },
  {
    name: "own row factory",
    fate: "works",
    sql: threeRows("INSERT", "key", "NULL", returning),
    rows: ALL,
    rowFactory: (values) => values,
    returned: 3,
  },
  {
    name: "WITH",
    fate: "works",
    sql: (tag, value) =>
      `WITH x (tag, v) AS (SELECT ${tag}, ${value}) INSERT INTO t (tag, n, v) ` +
      "SELECT tag, 1, v FROM x",
    rows: [1],
  },
  {
    name: "copied",
    fate: "works",
    sql: threeRows("INSERT", "raise", "'copy'"),
    rows: ALL,
    copies: [2],
  },
  {
    name: "OR IGNORE",
    fate: "works",
    sql: threeRows("INSERT OR IGNORE", "key", "0"),
    rows: [1, 3],
  },
  {
    name: "OR REPLACE",
    fate: "works",
    sql: (tag, value, key) =>
      `INSERT OR REPLACE INTO t (tag, n, v, key) SELECT ${tag}, column1, ${value}, column2 ` +
      `FROM (VALUES (1, ${key}), (2, ${key}), (3, NULL))`,
    rows: [2, 3],
  },
  {
    name: "RAISE(IGNORE)",
    fate: "works",
    sql: threeRows("INSERT", "raise", "'ignore'"),
    rows: [1, 3],
  },
  { name: "ABORT", fate: "fails", sql: threeRows("INSERT", "key", "0"), rows: ALL },
  { name: "RAISE(ABORT)", fate: "fails", sql: threeRows("INSERT", "raise", "'abort'"), rows: ALL },
  { name: "foreign key", fate: "fails", sql: threeRows("INSERT", "parent", "404"), rows: ALL },
  {
    name: "OR FAIL",
    fate: "fails",
    sql: threeRows("INSERT OR FAIL", "key", "0"),
    rows: ALL,
    leaves: [[1]],
  },
  {
    name: "ON CONFLICT FAIL",
    fate: "fails",
    sql: threeRows("INSERT", "fail", "0"),
    rows: ALL,
    hidden: true,
    leaves: [[1]],
  },
  {
    name: "RAISE(FAIL)",
    fate: "fails",
    sql: threeRows("INSERT", "raise", "'fail'"),
    rows: ALL,
    hidden: true,
    leaves: [[1]],
  },
  {
    name: "OR ROLLBACK",
    fate: "ends",
    sql: threeRows("INSERT OR ROLLBACK", "key", "0"),
    rows: ALL,
  },
  {
    name: "ON CONFLICT ROLLBACK",
    fate: "ends",
    sql: threeRows("INSERT", "roll", "0"),
    rows: ALL,
  },
  {
    name: "RAISE(ROLLBACK)",
    fate: "ends",
    sql: threeRows("INSERT", "raise", "'rollback'"),
    rows: ALL,
  },
  {
    name: "full",
    fate: "may end",
    sql: (tag, value) =>
      `INSERT INTO t (tag, n, v) SELECT ${tag}, 1, zeroblob(${TOO_MANY_BYTES}) ` +
      `WHERE ${value} IS NOT NULL`,
    rows: [1],
  },
  { name: "deferred key", fate: "later", sql: threeRows("INSERT", "later", "404"), rows: ALL },
  {
    name: "factory throws",
    fate: "fails",
    sql: threeRows("INSERT", "key", "NULL", returning),
    rows: ALL,
    leaves: WHOLE_OR_NOTHING,
    rowFactory: throwing(() => new Error("row factory")),
    needsParams: true,
  },
  {
    name: "factory throws undefined",
    fate: "fails",
    sql: threeRows("INSERT", "key", "NULL", returning),
    rows: ALL,
    leaves: WHOLE_OR_NOTHING,
    rowFactory: throwing(() => undefined),
    needsParams: true,
  },
  {
    name: "integer range",
    fate: "fails",
    sql: threeRows("INSERT", "key", "NULL", " RETURNING iif(n = 2, 9007199254740993, n)"),
    rows: ALL,
    leaves: WHOLE_OR_NOTHING,
    needsParams: true,
  },
  {
    name: "bad value",
    fate: "fails",
    sql: threeRows("INSERT", "key", "NULL"),
    rows: ALL,
    spoil: (params) => [params[0], Symbol("no value")],
    needsParams: true,
  },
  {
    name: "too many values",
    fate: "fails",
    sql: threeRows("INSERT", "key", "NULL"),
    rows: ALL,
    spoil: (params) => [...params, 1],
    needsParams: true,
  },
  {
    name: "too few values",
    fate: "fails",
    sql: threeRows("INSERT", "key", "NULL"),
    rows: ALL,
    spoil: ([tag]) => [tag],
    needsParams: true,
  },
  {
    name: "no parameters",
    fate: "fails",
    sql: threeRows("INSERT", "key", "NULL"),
    rows: ALL,
    spoil: () => "a text",
    needsParams: true,
  },
  {
    name: "syntax",
    fate: "fails",
    sql: (tag, value) => `INSERT INTO t (tag, n, v) VALUES (${tag}, 1, ${value}`,
    rows: [1],
  },
  {
    name: "missing table",
    fate: "fails",
    sql: (tag, value) => `INSERT INTO nowhere (tag, n, v) VALUES (${tag}, 1, ${value})`,
    rows: [1],
  },
  {
    name: "two statements",
    fate: "fails",
    sql: (tag, value) =>
      `INSERT INTO t (tag, n, v) VALUES (${tag}, 1, ${value}); INSERT INTO t DEFAULT VALUES`,
    rows: [1],
    needsParams: true,
  },
];

/** Takes longer than a group of writes should. */
export const SLOW: Kind = {
  name: "slow",
  fate: "works",
  sql: (tag, value) =>
    `INSERT INTO t (tag, n, v) SELECT ${tag}, 1, ${value} FROM (WITH RECURSIVE c (x) AS ` +
    "(VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 60000) SELECT max(x) AS x FROM c)",
  rows: [1],
};

/** Text that begins or ends a transaction has no place where nobody holds a connection. */
export const CONTROL_KINDS: readonly Kind[] = [
  "BEGIN",
  "BEGIN IMMEDIATE",
  "COMMIT",
  "ROLLBACK",
  "SAVEPOINT a",
  "RELEASE a",
].map((text) => ({
  name: text,
  fate: "fails",
  sql: () => text,
  rows: [],
  spoil: () => undefined,
  needsParams: true,
}));
