import assert from "node:assert/strict";
import { test } from "node:test";

import { Tokens } from "../../src/sqlite/tokens.ts";

function tokensOf(sql: string): string[] {
  const tokens = new Tokens(sql);
  const found: string[] = [];
  while (tokens.next()) found.push(`${tokens.kind} ${tokens.text()}`);
  return found;
}

test("the sign of an exponent belongs to its number", () => {
  assert.deepEqual(tokensOf("1e+5-.5E-2"), ["literal 1e+5", "symbol -", "literal .5E-2"]);
  assert.deepEqual(tokensOf("0x1e+5"), ["literal 0x1e", "symbol +", "literal 5"]);
  assert.deepEqual(tokensOf("1e+x"), ["literal 1e", "symbol +", "word x"]);
});

test("names of parameters have colons and a suffix as in Tcl", () => {
  assert.deepEqual(tokensOf("$a::b(c d)"), [
    "parameter $a::b",
    "symbol (",
    "word c",
    "word d",
    "symbol )",
  ]);
  assert.deepEqual(tokensOf("$a::b(c)"), ["parameter $a::b(c)"]);
  assert.deepEqual(tokensOf("::: :"), ["parameter :::", "symbol :"]);
});

test("a token of a million characters is one token", () => {
  for (const part of ["'a''b'", "1e+1", "abcd", "$a::"]) {
    assert.equal(tokensOf(part.repeat(250_000)).length, 1, part);
  }
  assert.deepEqual(tokensOf(`/*${"*".repeat(1_000_000)}/`), []);
});
