// Uses what a preload has opened; started by lifecycle.test.ts.
import { db } from "./preload.ts";

console.log(`${(await db.all("SELECT 1")).length} row`);
await db.close();
