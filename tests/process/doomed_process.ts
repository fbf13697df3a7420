// The script of a process that kills itself at a random moment, in the middle of a statement too.
// Argument: the directory of a file that says "deadly" or "harmless", and of those that count.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";

const [directory] = process.argv.slice(2);
/** Half of them have hardly begun by then, others have run statements for a while. */
const LONGEST_LIFE_MS = 600;

// A spare process of a test that is over.
if (!existsSync(directory)) process.exit();
// In this order: whoever is not in the first file has not read the mode yet.
appendFileSync(`${directory}/started`, `${process.pid}\n`);
if (readFileSync(`${directory}/mode`, "utf8") === "harmless") {
  appendFileSync(`${directory}/spared`, `${process.pid}\n`);
} else {
  const code = `
    const { appendFileSync } = process.getBuiltinModule("node:fs");
    const cell = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(cell, 0, 0, ${Math.random() ** 2 * LONGEST_LIFE_MS});
    appendFileSync(${JSON.stringify(`${directory}/killed`)}, "${process.pid}\\n");
    process.kill(process.pid, "SIGKILL");`;
  new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
}
await import("../../src/worker/worker.ts");
