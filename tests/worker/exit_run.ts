// A process with threads and nothing else to do; started by abort.test.ts and lifecycle.test.ts.
import process from "node:process";
import { setTimeout } from "node:timers";
import { SQLiteConnectionPool, workerConnection } from "../../mod.ts";
import { counting } from "../helpers/workers.ts";

const WATCHDOG_MS = 30_000;

const [scene, path] = process.argv.slice(2);
const factory = workerConnection(path);
const pool = new SQLiteConnectionPool(factory, { poolSize: 2 });

const scenes: Readonly<Record<string, () => Promise<void>>> = {
  async "idle"() {
    await pool.get("SELECT 1");
    console.log(`${factory.threads.running} running`);
  },
  async "busy"() {
    await pool.get("SELECT 1");
    void pool.get(counting(1_000_000)).then((row) => console.log(row!.n));
  },
  async "bad parameters"() {
    // The statement is announced to the thread, and never run.
    await pool.get("SELECT ?", []).catch((error) => console.log(error.name));
  },
  async "cursor left open"() {
    const conn = await pool.connection();
    const rows = conn.iterate("SELECT 1 AS one UNION ALL SELECT 2");
    console.log((await rows.next()).value.one);
  },
  async "opening"() {
    void pool.get("SELECT 1 AS one").then((row) => console.log(row!.one));
  },
  async "abandoned"() {
    await pool.get("SELECT 1");
    await pool.get(counting(10_000_000), [], { timeoutMs: 50 })
      .catch((error) => console.log(error.name));
  },
};

process.on("exit", () => console.log(`exit with ${factory.threads.abandoned} abandoned`));
// Lets the process exit, and fires only if something else keeps it from that.
setTimeout(() => {
  console.log("something kept the process alive");
  process.exit(1);
}, WATCHDOG_MS).unref();

await scenes[scene]();
