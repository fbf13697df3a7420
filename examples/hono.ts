/**
 * A web API over a pool: items in stock, and orders that take from it.
 *
 *     node examples/hono.ts
 *     bun examples/hono.ts
 *     deno run -A examples/hono.ts
 *
 *     curl -X POST localhost:3000/items -d '{"name": "kettle", "stock": 3}'
 *     curl -X POST localhost:3000/items/1/orders -d '{"quantity": 2}'
 *     curl localhost:3000/items
 */

import process from "node:process";
import { DatabaseSync } from "node:sqlite";

import {
  type Connection,
  PoolConnectionAcquireTimeoutError,
  PoolOverloadedError,
  sql,
  SQLiteConnectionPool,
  SQLiteError,
} from "@sqlitepool/pool";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";

import { serve } from "./serve.ts";

export interface Api {
  readonly app: Hono<Env>;
  close(): Promise<void>;
}

interface Env {
  Variables: { db: Connection };
}

interface Item {
  id: number;
  name: string;
  stock: number;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    stock INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES items,
    quantity INTEGER NOT NULL CHECK (quantity > 0)
  );
`;

/** Creates the pool and the routes; call `close` when the process ends. */
export async function createApi(path: string): Promise<Api> {
  // On Bun, `new Database(path)` of bun:sqlite works too.
  const pool = new SQLiteConnectionPool(() => new DatabaseSync(path), {
    poolSize: 10,
    acquisitionTimeoutMs: 2_000,
    maxWaiting: 1_000,
    onConnect: (conn) =>
      conn.executeScript("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL"),
  });
  await pool.withConnection((conn) => conn.executeScript(SCHEMA));

  const app = new Hono<Env>();

  app.get("/health", (c) => {
    const { size, idle, inUse, waiting } = pool.stats;
    return c.json({ size, idle, inUse, waiting });
  });

  // Each request below gets a connection of its own.
  app.use("/items/*", (c, next) =>
    pool.withConnection(async (conn) => {
      c.set("db", conn);
      await next();
    }));

  app.get("/items", async (c) => {
    return c.json(await c.var.db.all<Item>("SELECT * FROM items ORDER BY name"));
  });

  app.get("/items/:id", async (c) => {
    const item = await c.var.db.get<Item>(sql`SELECT * FROM items WHERE id = ${c.req.param("id")}`);
    return item === undefined ? c.notFound() : c.json(item);
  });

  app.post("/items", async (c) => {
    const { name, stock } = await c.req.json<Item>();
    const item = await c.var.db.get<Item>(
      sql`INSERT INTO items (name, stock) VALUES (${name}, ${stock}) RETURNING *`,
    );
    return c.json(item, 201);
  });

  app.post("/items/:id/orders", async (c) => {
    const itemId = c.req.param("id");
    const { quantity } = await c.req.json<{ quantity: number }>();
    const orderId = await c.var.db.transaction(async (tx) => {
      const { rowsAffected } = await tx.run(
        sql`UPDATE items SET stock = stock - ${quantity}
            WHERE id = ${itemId} AND stock >= ${quantity}`,
      );
      // An error in here rolls the transaction back.
      if (rowsAffected === 0) throw new HTTPException(409, { message: "Not in stock" });
      const order = await tx.run(
        sql`INSERT INTO orders (item_id, quantity) VALUES (${itemId}, ${quantity})`,
      );
      return order.lastInsertRowid;
    });
    return c.json({ id: orderId, quantity }, 201);
  });

  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    const isBusy = error instanceof PoolConnectionAcquireTimeoutError ||
      error instanceof PoolOverloadedError;
    if (isBusy) return c.json({ error: "Too busy, try again" }, 503, { "Retry-After": "1" });
    const isRefused = error instanceof SQLiteError && error.code === "SQLITE_CONSTRAINT";
    if (isRefused) return c.json({ error: error.message }, 422);
    console.error(error);
    return c.json({ error: "Something went wrong" }, 500);
  });

  return { app, close: () => pool.close() };
}

if (import.meta.main) {
  const api = await createApi("shop.db");
  const server = await serve(api.app.fetch, 3000);
  console.log(`Listening on ${server.url}`);
  const stop = async (): Promise<void> => {
    await server.close();
    await api.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());
}
