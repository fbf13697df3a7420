// Uses a database while fake timers are in place, as jest, vitest and sinon put them there: time
// stands still, and nothing that is scheduled ever happens. With the argument "timers" the clocks go
// on. Prints "closed" when it gets that far.

import process from "node:process";
import { openDatabase } from "@sqlitepool/pool";

type Names = readonly [holder: object, names: readonly string[]];
const TIMERS: readonly Names[] = [
  [globalThis, ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate"]],
  [globalThis, ["clearImmediate", "queueMicrotask"]],
  [process, ["nextTick"]],
];
const CLOCKS: readonly Names[] = [
  [globalThis, ["Date"]],
  [performance, ["now"]],
  [process, ["hrtime"]],
];
const replaced = process.argv[2] === "timers" ? TIMERS : [...TIMERS, ...CLOCKS];

const db = await openDatabase(":memory:");
await db.run("CREATE TABLE t (n INTEGER)");

const undo = replaced.flatMap(([holder, names]) =>
  names.map((name) => {
    const original = Object.getOwnPropertyDescriptor(holder, name);
    Object.defineProperty(holder, name, { value: () => 0, configurable: true, writable: true });
    return () =>
      original === undefined
        ? Reflect.deleteProperty(holder, name)
        : Object.defineProperty(holder, name, original);
  })
);
// Far more than fit in the 2 ms after which reads let the event loop have its turn.
for (let i = 0; i < 20_000; i++) await db.get("SELECT 1");
await db.write((tx) => tx.run("INSERT INTO t VALUES (1)"));
await Promise.all([1, 2, 3].map((n) => db.run("INSERT INTO t VALUES (?)", [n])));
await db.close();
undo.forEach((restore) => restore());
console.log("closed");
