// What a host sends, without a thread.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { BindParams } from "../../src/sqlite/types.ts";
import { Channel } from "../../src/worker/channel.ts";
import { readArrays } from "../../src/worker/reply_reader.ts";
import { type MessageWriter, reply, request, type WirePart } from "../../src/worker/wire/wire.ts";

interface Sent {
  readonly channel: Channel;
  readonly messages: MessageWriter[];
  run(sql: string, params?: BindParams): Promise<unknown>;
}

function open(): Sent {
  const messages: MessageWriter[] = [];
  const channel = new Channel((message) => messages.push(message), undefined);
  const run = (sql: string, params?: BindParams): Promise<unknown> =>
    channel.execute(request.execute, sql, params, false, readArrays);
  return { channel, messages, run };
}

/** The parts of all messages, which are taken out. */
function take({ channel, messages }: Sent): WirePart[] {
  channel.flush();
  return messages.splice(0).flatMap(({ parts }) => parts);
}

const bytesOf = (part: WirePart): number[] => [...new Uint8Array(part as ArrayBuffer)];

test("parameters travel as they were when the call was made", () => {
  const sent = open();
  const pooled = Buffer.from([1, 2, 3]);
  const plain = new Uint8Array([4, 5, 6]);
  const shown = new DataView(new Uint8Array([0, 7, 8, 0]).buffer, 1, 2);
  const params = [pooled, plain, shown, "text"];
  const named = { a: Buffer.from([9]), b: 10 };
  void sent.run("SELECT ?, ?, ?, ?", params);
  void sent.run("SELECT :a, :b", named);
  pooled.fill(0);
  plain.fill(0);
  new Uint8Array(shown.buffer).fill(0);
  named.a.fill(0);
  named.b = 0;
  params.length = 0;
  const parts = take(sent);
  // Alone, whatever else is in the same memory.
  const bytes = parts.filter((part) => part instanceof ArrayBuffer).map(bytesOf);
  assert.deepEqual(bytes, [[1, 2, 3], [4, 5, 6], [7, 8], [9]]);
  assert.deepEqual([parts[10], parts.at(-1)], ["text", 10]);
});

test("large bytes change hands, and those of the caller stay", () => {
  const sent = open();
  const large = new Uint8Array(100_000).fill(7);
  const small = new Uint8Array(10);
  void sent.run("SELECT ?, ?", [large, small]);
  sent.channel.flush();
  const [{ parts, transfer }] = sent.messages;
  assert.equal(transfer?.length, 1);
  assert.ok(transfer[0] === parts[7], "it is what travels");
  assert.ok(parts[7] !== large.buffer, "it is the caller's");
  assert.equal(large[99_999], 7);
});

/** What the thread knows after it has read requests that bring no cursors, by number. */
function learn(known: Map<number, string>, parts: readonly WirePart[]): void {
  for (let at = 0; at < parts.length;) {
    const [kind, id] = [parts[at++], parts[at++] as number];
    if (kind === request.define) {
      assert.ok(!known.has(id), `${id} stands for something already`);
      known.set(id, parts[at++] as string);
    } else if (kind === request.forget) assert.ok(known.delete(id), `${id} is not known`);
    else {
      assert.ok(known.has(id), `${id} is not known`);
      at += 2 + (parts[at + 1] as number);
    }
  }
}

test("both sides forget the statements that were used least recently", () => {
  const sent = open();
  const known = new Map<number, string>();
  const hot = "SELECT 'hot'";
  void sent.run(hot);
  let longest = 0;
  for (let n = 0; n < 3_000; n++) {
    void sent.run(`SELECT ${n}, '${"x".repeat(n % 500)}'`);
    void sent.run(hot);
    const parts = take(sent);
    if (n > 0) assert.ok(!parts.includes(hot), "what is used all the time travelled again");
    learn(known, parts);
    const length = [...known.values()].reduce((sum, sql) => sum + sql.length, 0);
    longest = Math.max(longest, length);
  }
  assert.ok(longest < 300_000, `${longest} characters are kept`);
  assert.ok(Math.max(...known.keys()) < 3_000, "numbers serve again");
});

test("a text too long to be kept is forgotten with its request", async () => {
  const sent = open();
  const known = new Map<number, string>();
  const long = (n: number): string => `SELECT ?, ${n}, '${"x".repeat(10_000)}'`;
  for (let n = 0; n < 50; n++) {
    void sent.run(long(n), [1]);
    await assert.rejects(sent.run(long(n), [1, 2]), RangeError);
    learn(known, take(sent));
    assert.equal(known.size, 0);
  }
});

test("an answer that cannot be read fails its call and is not taken for another", async () => {
  const sent = open();
  const calls = [sent.run("SELECT 1"), sent.run("SELECT 2")];
  sent.channel.flush();
  const head = [undefined, [], undefined];
  const broken = new Error("broken");
  const answer = Object.defineProperty([...head, reply.result, 0, 0, ["n"]], 7, {
    get() {
      throw broken;
    },
  });
  assert.throws(() => sent.channel.receive(answer), broken);
  sent.channel.end(() => new Error("lost") as never);
  const settled = await Promise.allSettled(calls);
  assert.deepEqual(
    settled.map((result) => (result as PromiseRejectedResult).reason.message),
    ["broken", "lost"],
  );
});

test("each call that a thread leaves behind is told whether it had been sent", async () => {
  const sent = open();
  const calls = [sent.run("SELECT 1"), sent.run("SELECT 2")];
  sent.channel.flush();
  sent.channel.receive([undefined, [], undefined, reply.result, 0, 0, ["n"], 0, undefined, 1, 1]);
  calls.push(sent.run("SELECT 3"));
  sent.channel.end((progress) => new Error(progress) as never);
  const settled = await Promise.allSettled(calls);
  assert.deepEqual(
    settled.map((result) => result.status === "fulfilled" ? "answered" : result.reason.message),
    ["answered", "sent", "not sent"],
  );
});
