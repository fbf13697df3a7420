/** What sessions know of the primary's log. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Log } from "../../src/remote/position.ts";

test("a write that was sent before the new log was noticed is not missed", () => {
  const log = new Log();
  const first = { index: 0, generation: log.generation };
  assert.equal(log.primaryAt(100, first), 0);
  const position = { generation: 0, index: 100 };
  // Two requests leave before anybody knows that the primary has begun another log.
  const sent = { index: 100, generation: log.generation };
  assert.equal(log.primaryAt(45, sent), 1, "less than before: another log");
  const generation = log.primaryAt(60, sent);
  log.observe(position, { results: [], index: 60, wait: 0, generation });
  assert.equal(log.required(position), 60);
});

test("a read of the primary has seen what other answers have named by then, of the same log", () => {
  const log = new Log();
  log.primaryAt(20, { index: 0, generation: 0 });
  const sent = { index: 20, generation: 0 };
  log.primaryAt(23, sent);
  const answer = { results: [], index: 20, wait: 0, generation: log.primaryAt(20, sent) };
  assert.equal(log.shownBy(answer), 23);
  const position = { generation: 0, index: 0 };
  log.observe(position, { ...answer, index: log.shownBy(answer) });
  assert.equal(log.required(position), 23);
  // What it should have had and does not have is of another log.
  assert.equal(log.shownBy({ ...answer, wait: 21 }), 20);
  assert.equal(log.shownBy({ ...answer, generation: -1 }), 20);
});
