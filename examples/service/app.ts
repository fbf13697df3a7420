/**
 * A web API over any database: items in stock, and orders that take from it. It knows neither the
 * runtime nor where the database is, so it uses what every place has: single statements and
 * batches, which are transactions. Callbacks (`db.write`) are more than D1 can do.
 */

import {
  type Database,
  PoolConnectionAcquireTimeoutError,
  PoolOverloadedError,
  QueryTimeoutError,
  type Session,
  sql,
  SQLiteError,
} from "@sqlitepool/pool";
import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";

export interface Env {
  // deno-lint-ignore no-explicit-any
  Bindings: any;
  Variables: { db: Session };
}

interface Item {
  id: number;
  name: string;
  stock: number;
}

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    stock INTEGER NOT NULL CONSTRAINT in_stock CHECK (stock >= 0)
  )`,
  `CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES items,
    quantity INTEGER NOT NULL
  )`,
];

/** Makes the routes. `open` gives the database of a request: on servers always the same. */
export function createApp(open: (c: Context<Env>) => Database | Promise<Database>): Hono<Env> {
  const app = new Hono<Env>();
  // No promise: requests of a Worker must not wait for each other.
  let hasSchema = false;

  app.use("/items/*", async (c, next) => {
    const database = await open(c);
    if (!hasSchema) await database.batch(SCHEMA.map((statement) => ({ sql: statement })));
    hasSchema = true;
    // A client that sends back the bookmark sees its own writes, whichever server answers.
    const db = database.session({ after: c.req.header("x-bookmark") });
    c.set("db", db);
    await next();
    if (db.bookmark !== "") c.header("x-bookmark", db.bookmark);
  });

  app.get("/items", async (c) => {
    return c.json(await c.var.db.all<Item>("SELECT * FROM items ORDER BY name"));
  });

  app.get("/items/:id", async (c) => {
    const item = await c.var.db.get<Item>(sql`SELECT * FROM items WHERE id = ${c.req.param("id")}`);
    return item === undefined ? c.notFound() : c.json(item);
  });

  app.post("/items", async (c) => {
    const { name, stock } = await c.req.json<Item>();
    const { rows } = await c.var.db.run<Item>(
      sql`INSERT INTO items (name, stock) VALUES (${name}, ${stock}) RETURNING *`,
    );
    return c.json(rows[0], 201);
  });

  app.post("/items/:id/orders", async (c) => {
    const itemId = c.req.param("id");
    const { quantity } = await c.req.json<{ quantity: number }>();
    if (!(Number.isSafeInteger(quantity) && quantity > 0)) {
      throw new HTTPException(400, { message: "quantity must be a whole number from 1 up" });
    }
    // Both or neither: the constraints refuse an item that is not there, or not in stock.
    const [order] = await c.var.db.batch([
      {
        sql: "INSERT INTO orders (item_id, quantity) VALUES (?, ?)",
        params: [itemId, quantity],
      },
      { sql: "UPDATE items SET stock = stock - ? WHERE id = ?", params: [quantity, itemId] },
    ]);
    return c.json({ id: order.lastInsertRowid, quantity }, 201);
  });

  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof SyntaxError) return c.json({ error: error.message }, 400);
    if (error instanceof SQLiteError && error.code === "SQLITE_CONSTRAINT") {
      if (error.message.includes("in_stock")) return c.json({ error: "Not in stock" }, 409);
      if (/FOREIGN KEY/.test(error.message)) return c.json({ error: "No such item" }, 404);
      return c.json({ error: error.message }, 422);
    }
    const isBusy = error instanceof PoolConnectionAcquireTimeoutError ||
      error instanceof PoolOverloadedError || error instanceof QueryTimeoutError;
    if (isBusy) return c.json({ error: "Too busy, try again" }, 503, { "Retry-After": "1" });
    console.error(error);
    return c.json({ error: "Something went wrong" }, 500);
  });

  return app;
}
