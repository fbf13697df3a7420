/**
 * Express 5: `node examples/frameworks/express.js`, and the same on Bun and Deno. JavaScript,
 * because Express brings no types.
 */

import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import express from "express";

import { accountLines, accounts, inUse, openAccount, openBank, Refused, transfer } from "./bank.ts";

const { DATABASE_PATH = "bank.db", PORT = "3000" } = process.env;
const db = await openBank(DATABASE_PATH);

const app = express();
app.use(express.json());

/** Answers that are not complete. */
const open = new Set();
app.use((_request, response, next) => {
  open.add(response);
  response.once("close", () => open.delete(response));
  next();
});

app.get("/accounts", async (_request, response) => {
  response.json(await accounts(db));
});

app.post("/accounts", async (request, response) => {
  response.status(201).json(await openAccount(db, request.body));
});

app.post("/transfers", async (request, response) => {
  const signal = goneSignal(response);
  const payer = await db.write((tx) => transfer(tx, request.body), { signal });
  response.status(201).json(payer); // it is committed
});

app.get("/export", async (_request, response) => {
  response.type("application/x-ndjson");
  // Ends the loop, which holds a reader, when the client goes away.
  await pipeline(Readable.from(accountLines(db)), response);
});

app.get("/health", (_request, response) => {
  response.json(inUse(db));
});

// Express knows error handlers by their four parameters.
app.use((error, _request, response, next) => {
  if (response.closed) return; // nobody is there to hear it
  if (error instanceof Refused) response.status(error.status).json({ error: error.message });
  else next(error);
});

const server = app.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    // Calls back when the last connection has ended: idle ones now, others with their answer.
    server.close(() => void db.close());
    for (const response of open) if (!response.headersSent) response.set("Connection", "close");
  });
}

/** Aborts when the client is gone, and when it has its answer. */
function goneSignal(response) {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}
