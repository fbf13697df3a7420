/** The service as a process: a file or a server by DATABASE_URL, and an orderly end. */

import process from "node:process";

import { openDatabase } from "@sqlitepool/pool";

import { createApp } from "./app.ts";

export interface Listening {
  readonly url: string;
  /** Stops listening; settles when the requests in progress are answered. */
  close(): Promise<void>;
}

export type Handler = (request: Request) => Response | Promise<Response>;

/** Serves until the process is told to stop. */
export async function runServer(
  listen: (handler: Handler, port: number) => Listening | Promise<Listening>,
): Promise<void> {
  const { DATABASE_URL = "shop.db", DATABASE_TOKEN: authToken, PORT = "3000" } = process.env;
  const db = authToken === undefined
    ? await openDatabase(DATABASE_URL)
    : await openDatabase(DATABASE_URL, { authToken });
  const app = createApp(() => db);
  const server = await listen((request) => app.fetch(request), Number(PORT));
  console.log(`Listening on ${server.url}`);
  const stop = async (): Promise<void> => {
    await server.close();
    await db.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());
}
