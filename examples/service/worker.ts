/** The service as a Cloudflare Worker, over the libSQL server of the variable `DATABASE_URL`. */

import { openRemote } from "@sqlitepool/pool/remote";
import type { Hono } from "hono";

import { createApp, type Env } from "./app.ts";

const app: Hono<Env> = createApp(({ env: { DATABASE_URL, DATABASE_TOKEN } }) =>
  // To open costs nothing here: a database for each request.
  openRemote(DATABASE_URL, { authToken: DATABASE_TOKEN })
);

export default app;
