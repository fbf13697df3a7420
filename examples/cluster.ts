// Writes on a primary, and sees it on replicas.
//
//   npm run cluster                                  # in another terminal: starts servers
//   TOKEN=... node examples/cluster.ts PRIMARY REPLICA...

import process from "node:process";

import { openDatabase } from "@sqlitepool/pool";

const [primary, ...replicas] = process.argv.slice(2);
const db = await openDatabase({ primary, replicas }, { authToken: process.env.TOKEN });

await db.run("CREATE TABLE IF NOT EXISTS visits (id INTEGER PRIMARY KEY, at TEXT)");

// A session sees what it has written, whichever replica answers.
const session = db.session();
await session.run("INSERT INTO visits (at) VALUES (datetime('now'))");
console.log(await session.get("SELECT count(*) AS visits FROM visits"));

// Another process goes on from here, with this text out of a cookie, say.
const next = db.session({ after: session.bookmark });
console.log(await next.get("SELECT max(id) AS latest FROM visits"));

// All or nothing, on the primary.
await db.write(async (tx) => {
  const row = await tx.get<{ visits: number }>("SELECT count(*) AS visits FROM visits");
  if (row!.visits > 1_000) await tx.run("DELETE FROM visits");
});

for (const { origin, role, up, requests } of db.stats.servers) {
  console.log(`${role} ${origin}: ${up ? "up" : "down"}, ${requests} requests`);
}
await db.close();
