/** Elysia: `bun examples/frameworks/elysia.ts`. */

import process from "node:process";

import { Elysia, t } from "elysia";

import { accountLines, accounts, inUse, openAccount, openBank, Refused, transfer } from "./bank.ts";

const { DATABASE_PATH = "bank.db", PORT = "3000" } = process.env;
const db = await openBank(DATABASE_PATH);

const app = new Elysia()
  .onError(({ error, status }) => {
    if (error instanceof Refused) return status(error.status, { error: error.message });
  })
  .get("/accounts", () => accounts(db))
  .post("/accounts", async ({ body, status }) => status(201, await openAccount(db, body)), {
    body: t.Object({ name: t.String(), balance: t.Integer() }),
  })
  .post("/transfers", async ({ body, request: { signal }, status }) => {
    const payer = await db.write((tx) => transfer(tx, body), { signal });
    return status(201, payer); // it is committed
  }, {
    body: t.Object({ from: t.String(), to: t.String(), amount: t.Integer() }),
  })
  .get("/export", async function* ({ set }) {
    set.headers["content-type"] = "application/x-ndjson";
    // Elysia ends the loop, which holds a reader, when the client goes away.
    yield* accountLines(db);
  })
  .get("/health", () => inUse(db))
  // Called when the requests in progress are answered.
  .onStop(() => db.close())
  .listen({ hostname: "127.0.0.1", port: Number(PORT) });

console.log(`Listening on http://127.0.0.1:${app.server?.port}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void app.stop());
