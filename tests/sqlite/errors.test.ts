import assert from "node:assert/strict";
import { test } from "node:test";

import {
  connectionClosed,
  misuse,
  SQLiteError,
  SQLiteIntegerRangeError,
} from "../../src/sqlite/errors.ts";
import { messageOf } from "../../src/platform/describe.ts";
import { redactValues } from "../../src/driver/driver_error.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import { codeName, primaryCode } from "../../src/sqlite/result_codes.ts";
import { codeFromMessage } from "../../src/sqlite/message_codes.ts";

const names: readonly (readonly [rawCode: number, name: string])[] = [
  [0, "SQLITE_OK"],
  [1, "SQLITE_ERROR"],
  [5, "SQLITE_BUSY"],
  [6, "SQLITE_LOCKED"],
  [8, "SQLITE_READONLY"],
  [19, "SQLITE_CONSTRAINT"],
  [21, "SQLITE_MISUSE"],
  [26, "SQLITE_NOTADB"],
  [28, "SQLITE_WARNING"],
  [257, "SQLITE_ERROR_MISSING_COLLSEQ"],
  [261, "SQLITE_BUSY_RECOVERY"],
  [262, "SQLITE_LOCKED_SHAREDCACHE"],
  [264, "SQLITE_READONLY_RECOVERY"],
  [266, "SQLITE_IOERR_READ"],
  [267, "SQLITE_CORRUPT_VTAB"],
  [270, "SQLITE_CANTOPEN_NOTEMPDIR"],
  [275, "SQLITE_CONSTRAINT_CHECK"],
  [279, "SQLITE_AUTH_USER"],
  [283, "SQLITE_NOTICE_RECOVER_WAL"],
  [284, "SQLITE_WARNING_AUTOINDEX"],
  [516, "SQLITE_ABORT_ROLLBACK"],
  [517, "SQLITE_BUSY_SNAPSHOT"],
  [773, "SQLITE_BUSY_TIMEOUT"],
  [787, "SQLITE_CONSTRAINT_FOREIGNKEY"],
  [1299, "SQLITE_CONSTRAINT_NOTNULL"],
  [1544, "SQLITE_READONLY_DIRECTORY"],
  [1550, "SQLITE_CANTOPEN_SYMLINK"],
  [1555, "SQLITE_CONSTRAINT_PRIMARYKEY"],
  [1811, "SQLITE_CONSTRAINT_TRIGGER"],
  [2067, "SQLITE_CONSTRAINT_UNIQUE"],
  [2570, "SQLITE_IOERR_DELETE"],
  [2579, "SQLITE_CONSTRAINT_ROWID"],
  [3091, "SQLITE_CONSTRAINT_DATATYPE"],
  [3082, "SQLITE_IOERR_NOMEM"],
  [5898, "SQLITE_IOERR_DELETE_NOENT"],
  [7178, "SQLITE_IOERR_AUTH"],
  [8202, "SQLITE_IOERR_DATA"],
  [8970, "SQLITE_IOERR_BADKEY"],
];

for (const [rawCode, name] of names) {
  test(`${rawCode} is ${name}`, () => assert.equal(codeName(rawCode), name));
}

test("a code newer than the table goes by its primary code", () => {
  assert.equal(codeName(5 | 99 << 8), "SQLITE_BUSY");
  assert.equal(codeName(260), "SQLITE_ABORT");
  assert.equal(codeName(99), "SQLITE_ERROR");
  assert.equal(new SQLiteError("x", 5 | 99 << 8).rawCode, 5 | 99 << 8);
});

test("the codes that are used by name have the numbers of the table", () => {
  const codes = Object.entries(resultCode).filter(([, code]) => typeof code === "number");
  assert.ok(codes.length > 20);
  for (const [name, code] of codes) assert.equal(codeName(Number(code)), `SQLITE_${name}`);
});

const messages: readonly (readonly [message: string, rawCode: number])[] = [
  ["database is locked", 5],
  ["database table is locked: t", 6],
  ["UNIQUE constraint failed: t.a", 2067],
  ["NOT NULL constraint failed: t.a", 1299],
  ["CHECK constraint failed: a > 0", 275],
  ["FOREIGN KEY constraint failed", 787],
  ["constraint failed", 19],
  ["attempt to write a readonly database", 8],
  ["unable to open database file: /x", 14],
  ["file is not a database", 26],
  ["database disk image is malformed", 11],
  ["database or disk is full", 13],
  ["disk I/O error", 10],
  ["SQLITE_BUSY: database is locked", 5],
  ["5: database is locked", 5],
  ['near "x": syntax error', 1],
  ["", 1],
  // What a trigger may raise.
  ["the door database is locked", 1],
  ["database is locked by the door", 1],
  ["door: database is locked", 1],
  ["the UNIQUE constraint failed: t.a", 1],
  ["interrupted by a call", 1],
];

for (const [message, rawCode] of messages) {
  test(`${JSON.stringify(message)} tells code ${rawCode}`, () => {
    assert.equal(codeFromMessage(message), rawCode);
  });
}

test("an SQLiteError carries its codes and its cause", () => {
  const cause = new Error("driver");
  const error = new SQLiteError("busy", 517, { cause });
  assert.ok(error instanceof Error);
  const { name, message, code, extendedCode, rawCode } = error;
  assert.deepEqual({ name, message, code, extendedCode, rawCode }, {
    name: "SQLiteError",
    message: "busy",
    code: "SQLITE_BUSY",
    extendedCode: "SQLITE_BUSY_SNAPSHOT",
    rawCode: 517,
  });
  assert.equal(error.cause, cause);
  assert.equal(primaryCode(517), 5);
  assert.ok(!("cause" in new SQLiteError("busy", 5)));
});

test("an SQLiteIntegerRangeError names the column and the remedy", () => {
  const error = new SQLiteIntegerRangeError('a "b"');
  assert.ok(error instanceof SQLiteError);
  assert.equal(error.name, "SQLiteIntegerRangeError");
  assert.equal(error.column, 'a "b"');
  assert.match(error.message, /column "a \\"b\\"" .*intMode: "bigint"/);
});

test("misuse has its code", () => {
  assert.equal(misuse("x").code, "SQLITE_MISUSE");
  assert.match(connectionClosed().message, /^the connection is closed/);
  assert.equal(connectionClosed().code, "SQLITE_MISUSE");
});

test("anything that is thrown has a message", () => {
  assert.deepEqual([messageOf(new Error("a")), messageOf("b"), messageOf(undefined)], [
    "a",
    "b",
    "undefined",
  ]);
});

const redactions: readonly (readonly [message: string, values: unknown[], redacted: string])[] = [
  ["bad JSON path: '$.x['", ["$.x["], "bad JSON path: '[parameter 1]'"],
  ["near 'ab': x", ["z", "ab"], "near '[parameter 2]': x"],
  ['no such column: "pw"', ["pw"], 'no such column: "[parameter 1]"'],
  ["refused: hunter2!", [1, "hunter2"], "refused: [parameter 2]!"],
  ["hunter2 hunter2", ["hunter2"], "[parameter 1] [parameter 1]"],
  ["a failed", ["a", "", null, 5n, new Uint8Array(1)], "a failed"],
  ["$& stays", ["stay"], "$& [parameter 1]s"],
];

for (const [message, values, redacted] of redactions) {
  test(`${JSON.stringify(message)} becomes ${JSON.stringify(redacted)}`, () => {
    assert.equal(redactValues(message, values as string[]), redacted);
  });
}
