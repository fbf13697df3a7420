/** Goes on with the session of another process, and prints what it sees. */

import process from "node:process";

import { openDatabase } from "../../mod.ts";

const [primary, replica, after] = process.argv.slice(2);
const db = await openDatabase({ primary, replicas: [replica] });
const [[newest]] = await db.session({ after }).values("SELECT max(id) FROM log");
console.log(newest);
await db.close();
