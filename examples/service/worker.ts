/**
 * The service as a Cloudflare Worker: over D1 where there is a binding `DB`, otherwise over the
 * libSQL server of the variable `DATABASE_URL`.
 */

import { openD1 } from "@sqlitepool/pool/d1";
import { openRemote } from "@sqlitepool/pool/remote";
import type { Hono } from "hono";

import { createApp, type Env } from "./app.ts";

const app: Hono<Env> = createApp(({ env: { DB, DATABASE_URL, DATABASE_TOKEN } }) =>
  // To open costs nothing here: a database for each request.
  DB === undefined ? openRemote(DATABASE_URL, { authToken: DATABASE_TOKEN }) : openD1(DB)
);

export default app;
