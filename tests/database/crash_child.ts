// Writes through every way of writing and says what was acknowledged, until it is killed.
// Arguments: path, durability, execution. Lines on stdout: "<way> <number>".
import { writeSync } from "node:fs";
import process from "node:process";
import { type Durability, type Execution, openDatabase } from "../../mod.ts";

const [path, durability, execution] = process.argv.slice(2);
const db = await openDatabase(path, {
  durability: durability as Durability,
  execution: execution as Execution,
  readers: 1,
});
await db.executeScript(`
  CREATE TABLE IF NOT EXISTS acknowledged (way TEXT, number INTEGER, part INTEGER);
`);

// Synchronous, so that what was acknowledged is on its way before anything else happens.
const acknowledge = (way: string, number: number): void => {
  writeSync(1, `${way} ${number}\n`);
};
const insert = "INSERT INTO acknowledged VALUES (?, ?, ?)";

async function runs(worker: number): Promise<void> {
  for (let number = worker;; number += 8) {
    await db.run(insert, ["run", number, 0]);
    acknowledge("run", number);
  }
}

async function batches(): Promise<void> {
  for (let number = 0;; number++) {
    await db.batch([0, 1, 2].map((part) => ({ sql: insert, params: ["batch", number, part] })));
    acknowledge("batch", number);
  }
}

async function writes(): Promise<void> {
  for (let number = 0;; number++) {
    await db.write(async (tx) => {
      await tx.run(insert, ["write", number, 0]);
      await new Promise((resolve) => setTimeout(resolve));
      await tx.run(insert, ["write", number, 1]);
      await tx.run(insert, ["write", number, 2]);
    });
    acknowledge("write", number);
  }
}

acknowledge("ready", 0);
await Promise.all([...[0, 1, 2, 3, 4, 5, 6, 7].map(runs), batches(), writes()]);
