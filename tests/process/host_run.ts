// A program with processes; started by lifecycle.test.ts.
import process from "node:process";
import { setTimeout } from "node:timers";
import { processConnection, SQLiteConnectionPool } from "../../mod.ts";
import { counting } from "../helpers/workers.ts";

const WATCHDOG_MS = 60_000;

const [scene, path] = process.argv.slice(2);
const factory = processConnection(path);
const pool = new SQLiteConnectionPool(factory, {
  poolSize: 4,
  operationTimeoutMs: WATCHDOG_MS,
});

const scenes: Readonly<Record<string, () => Promise<void>>> = {
  async "idle"() {
    await pool.get("SELECT 1");
    console.log(`${factory.processes.running} running`);
  },
  async "busy"() {
    await pool.get("SELECT 1");
    void pool.get(counting(1_000_000)).then((row) => console.log(row!.n));
  },
  async "four busy"() {
    const connections = await Promise.all(Array.from({ length: 4 }, () => pool.connection()));
    for (const connection of connections) {
      await connection.get("SELECT 1");
      connection.get(counting(2 ** 31)).catch(() => {});
    }
    // Sent at the end of the turn.
    setTimeout(() => console.log("ready"), 50);
  },
};

process.on("exit", () => console.log("exit"));
// Lets the process exit, and fires only if something else keeps it from that.
setTimeout(() => {
  console.log("something kept the process alive");
  process.exit(1);
}, WATCHDOG_MS).unref();

await scenes[scene]();
