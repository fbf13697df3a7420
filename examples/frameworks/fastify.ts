/** Fastify 5: `node examples/frameworks/fastify.ts`, and the same on Bun and Deno. */

import process from "node:process";
import { Readable } from "node:stream";

import Fastify from "fastify";

import {
  type Account,
  accountLines,
  accounts,
  inUse,
  openAccount,
  openBank,
  type Transfer,
  transfer,
} from "./bank.ts";
import { leases } from "./fastify_leases.ts";

const { DATABASE_PATH = "bank.db", PORT = "3000" } = process.env;
const database = await openBank(DATABASE_PATH);

const app = Fastify();
await app.register(leases, { database });

app.get("/accounts", { config: { lease: "read" } }, (request) => accounts(request.db));

app.post<{ Body: Account }>("/accounts", async (request, reply) => {
  reply.code(201);
  return openAccount(database, request.body);
});

app.post<{ Body: Transfer }>("/transfers", { config: { lease: "write" } }, (request, reply) => {
  reply.code(201);
  return transfer(request.db, request.body);
});

app.get("/export", (_request, reply) => {
  reply.type("application/x-ndjson");
  // Not with a lease, which would end before the stream begins. Fastify destroys the stream when
  // the client goes away, and that gives back the reader.
  return reply.send(Readable.from(accountLines(database)));
});

app.get("/health", () => inUse(database));

// Otherwise a client that keeps its connection after the last answer would hold up the end.
app.addHook("onSend", async (_request, reply) => {
  if (!app.server.listening) reply.header("connection", "close");
});

const url = await app.listen({ host: "127.0.0.1", port: Number(PORT) });
console.log(`Listening on ${url}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void app.close());
