/** The scanner against SQLite itself, which ends a statement where its parser says. */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";

import fc from "fast-check";

import { scanStatement, soleStatement } from "../../src/sqlite/scan.ts";

interface Handle {
  exec(sql: string): void;
  prepare(sql: string): { readonly sourceSQL: string; all(...params: unknown[]): unknown[] };
}

const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
  DatabaseSync: new (path: string) => Handle;
};

function openHandle(): Handle {
  const handle = new DatabaseSync(":memory:");
  handle.exec("CREATE TABLE t(a)");
  return handle;
}

/** What SQLite takes for the first statement; undefined where it refuses it. */
function firstOf(handle: Handle, sql: string): string | undefined {
  try {
    return handle.prepare(sql).sourceSQL;
  } catch {
    return undefined;
  }
}

const runs = { numRuns: 2_000 };

const blank = fc.constantFrom(
  ...[" ", "\n", "\t", "\f", "\r\n", "  ", "-- ; ? ' \" [\n", "/* ; ? ' */", "/**/", "/*/ ; */"],
);
const literal = fc.constantFrom(
  ...[
    "1",
    "1.5e-3",
    ".5",
    "0x1F",
    "'a'",
    "';'",
    "'it''s ;'",
    "'--'",
    "'/*'",
    "x'00'",
    "NULL",
    "'?'",
  ],
);
const name = fc.constantFrom('"a;b"', "`a;b`", "[a;b]", "a", '"a""b;"', "`a``b`", "ä", "a$b");

/** A result column: an expression, with blanks around, and a name. */
const column = fc.tuple(blank, literal, blank, name).map(([before, value, after, alias]) =>
  `${before}${value}${after}AS ${alias}`
);
const select = fc.tuple(fc.array(column, { minLength: 1, maxLength: 4 }), blank)
  .map(([columns, after]) => `SELECT${columns.join(",")}${after}`);
const trigger = fc.tuple(
  fc.constantFrom("", "TEMP ", "TEMPORARY "),
  fc.array(
    fc.constantFrom("SELECT CASE 1 WHEN 1 THEN 2 END", "DELETE FROM t", "UPDATE t SET a = ';END;'"),
    { minLength: 1, maxLength: 3 },
  ),
  blank,
).map(([temporary, body, after]) =>
  `CREATE ${temporary}TRIGGER x${after}AFTER INSERT ON main.t BEGIN ${
    body.join(`;${after}`)
  };${after}END${after}`
    .replace("main.", temporary === "" ? "" : "main.")
);
const tail = fc.array(fc.constantFrom(";", " ", "SELECT 2", "-- x\n", "/* x", "'", "END", "?"), {
  maxLength: 4,
}).map((parts) => `;${parts.join("")}`);

test("statements end where SQLite ends them", () => {
  const handle = openHandle();
  fc.assert(
    fc.property(fc.array(blank), fc.oneof(select, trigger), fc.option(tail, { nil: "" }), (
      before,
      statement,
      after,
    ) => {
      const sql = before.join("") + statement + after;
      const first = firstOf(handle, sql);
      assert.ok(first !== undefined, `SQLite refuses ${JSON.stringify(sql)}`);
      assert.equal(sql.slice(0, scanStatement(sql)?.end), first);
    }),
    runs,
  );
});

const snippet = fc.constantFrom(
  ...[
    "'",
    "''",
    '"',
    "`",
    "[",
    "]",
    "--",
    "\n",
    "/*",
    "*/",
    "*",
    "/",
    ";",
    " ",
    "?",
    ":a",
    "$a(",
    ")",
  ],
  ...[
    "(",
    ",",
    "1",
    "a",
    "SELECT",
    "SELECT 1",
    "'x'",
    "\v",
    "\uFEFF",
    "é",
    "\u00a0",
    "e+",
    "-",
    "||",
  ],
);

test("whatever SQLite accepts ends where SQLite ends it", () => {
  const handle = openHandle();
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(snippet, { maxLength: 8 }), (parts) => {
      const sql = `SELECT 1 AS a${parts.join("")}`;
      const first = firstOf(handle, sql);
      if (first === undefined) return;
      accepted++;
      assert.equal(sql.slice(0, scanStatement(sql)?.end), first, JSON.stringify(sql));
    }),
    { numRuns: 20_000 },
  );
  assert.ok(accepted > 500, `only ${accepted} were accepted`);
});

test("a statement alone is the same to SQLite as with what surrounds it", () => {
  const handle = openHandle();
  fc.assert(
    fc.property(fc.array(blank), select, (before, statement) => {
      const { text } = soleStatement(before.join("") + statement + " ; -- end");
      assert.deepEqual(handle.prepare(text).all(), handle.prepare(statement).all());
    }),
    { numRuns: 300 },
  );
});

/** A parameter that needs no name to be bound, and where SQLite puts it. */
const token = fc.oneof(fc.constant("?"), fc.integer({ min: 1, max: 9 }).map((n) => `?${n}`));

test("parameters have the indexes that SQLite gives them", () => {
  const handle = openHandle();
  fc.assert(
    fc.property(fc.array(token, { minLength: 1, maxLength: 6 }), (tokens) => {
      const sql = `SELECT ${tokens.map((token, i) => `${token} AS c${i}`).join(", ")}`;
      const { parameters } = soleStatement(sql);
      const values = parameters.map((_, index) => index + 1);
      const [row] = handle.prepare(sql).all(...values) as Record<string, number>[];
      let largest = 0;
      tokens.forEach((token, i) => {
        const index = token === "?" ? largest + 1 : Number(token.slice(1));
        largest = Math.max(largest, index);
        assert.equal(row[`c${i}`], index);
      });
      assert.equal(parameters.length, largest);
      assert.throws(() => handle.prepare(sql).all(...values, 0), "one more would be too many");
    }),
    { numRuns: 500 },
  );
});

test("named parameters share the numbers with the others", () => {
  const named = fc.constantFrom(":a", "@a", "$a", ":b", "$a::b(c)");
  fc.assert(
    fc.property(fc.array(fc.oneof(token, named), { maxLength: 8 }), (tokens) => {
      const { parameters } = soleStatement(`SELECT 1, ${["0", ...tokens].join(", ")}`);
      const expected = new Map<string, number>();
      let largest = 0;
      for (const token of tokens) {
        if (/^\?\d/.test(token)) largest = Math.max(largest, Number(token.slice(1)));
        else if (token === "?" || !expected.has(token)) expected.set(token, ++largest);
      }
      assert.equal(parameters.length, largest);
      for (const [name, index] of expected) {
        if (name !== "?") assert.equal(parameters[index - 1], name);
      }
    }),
    runs,
  );
});
