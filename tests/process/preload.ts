// Opens a database in processes before the script of the host runs; see lifecycle.test.ts.
import process from "node:process";
import { type Database, openDatabase } from "../../mod.ts";

console.log("preload");
export const db: Database = await openDatabase(process.env.DATABASE!, {
  execution: "process",
  readers: 1,
});
