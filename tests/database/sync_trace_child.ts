// Writes durably and says on stdout what was acknowledged, while its system calls are traced.
// Arguments: path, execution, number of transactions, "works" or "lies" for the disk. The table has
// one row for each caller, on one page: a commit is one frame, which has the mark of its transaction.
import { writeSync } from "node:fs";
import process from "node:process";
import { type Database, type Execution, openDatabase } from "../../mod.ts";
import { nativeDriver } from "../helpers/drivers.ts";

const CALLERS = 8;
const MARK = "UPDATE marks SET mark = ? WHERE caller = ?";

const [path, execution, count, disk] = process.argv.slice(2);
if (disk === "lies") {
  const files = process.getBuiltinModule("node:fs") as unknown as {
    fdatasync(descriptor: number, done: (error: null) => void): void;
  };
  files.fdatasync = (_, done) => void setImmediate(() => done(null));
}

// Small frames make a small trace. The size of a page cannot be changed in WAL mode.
const setUp = nativeDriver.open(path);
setUp.exec("PRAGMA page_size = 512");
setUp.exec("CREATE TABLE marks (caller INTEGER PRIMARY KEY, mark TEXT)");
setUp.close();

const db = await openDatabase(path, {
  durability: "full",
  execution: execution as Execution,
  readers: 1,
});
await db.batch(Array.from({ length: CALLERS }, (_, caller) => ({
  sql: "INSERT INTO marks VALUES (?, 'none')",
  params: [caller],
})));

const ways: ((db: Database, params: [string, number]) => Promise<unknown>)[] = [
  (db, params) => db.run(MARK, params),
  (db, params) => db.batch([{ sql: MARK, params }]),
  (db, params) => db.write((tx) => tx.run(MARK, params)),
];

let next = 0;
async function call(caller: number, transactions: number): Promise<void> {
  for (let i = 0; i < transactions; i++) {
    const mark = `mark-${next++}.`;
    await ways[(caller + i) % ways.length](db, [mark, caller]);
    // Synchronous, so that it is on its way before anything else happens.
    writeSync(1, `acknowledged ${mark}\n`);
  }
}

const share = Math.ceil(Number(count) / (CALLERS + 1));
await call(0, share);
await Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller, share)));
await db.close();
