/** (j) An HTTP service: nine requests in ten read a user, one adds a comment. */

import { ADD_COMMENT, USER } from "../dataset/queries.ts";
import { load } from "../contenders/load.ts";
import { lanesWithout, openContender, PYTHON } from "./databases.ts";
import type { Runner, Scenario, Subject } from "./scenario.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

interface Hono {
  readonly Hono: new () => {
    readonly fetch: Fetch;
    get(path: string, handler: Handler): void;
    post(path: string, handler: Handler): void;
  };
}

interface Context {
  readonly req: { param(name: string): string };
  json(value: unknown, status?: number): Response;
}

type Handler = (context: Context) => Promise<Response>;

export const http: Scenario = {
  name: "http",
  title: "HTTP service (Hono), 90 % reads",
  unit: "requests",
  lanes: lanesWithout("execute", "lease", "threads", ...PYTHON),
  variants: [{ name: "50 connections" }],
  writes: true,
  turns: "requests",
  details: ["p50", "p99"],
  async open(subject: Subject): Promise<Runner> {
    const contender = await openContender(subject);
    const user = contender.get(USER);
    const comment = contender.run(ADD_COMMENT);
    const { Hono } = await load<Hono>("hono");
    const app = new Hono();
    app.get("/users/:id", async (c) => c.json(await user([Number(c.req.param("id"))])));
    app.post("/posts/:id/comments", async (c) => {
      await comment([Number(c.req.param("id")), 1, Date.now()]);
      return c.json({ ok: true }, 201);
    });
    const server = await serve(app.fetch);
    return {
      port: server.port,
      async run() {},
      async close() {
        await server.close();
        await contender.close();
      },
    };
  },
};

interface Server {
  readonly port: number;
  close(): unknown;
}

interface Globals {
  readonly Bun?: {
    serve(options: { port: number; fetch: Fetch }): { port: number; stop(now: boolean): void };
  };
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen(): void },
      fetch: Fetch,
    ): { addr: { port: number }; shutdown(): Promise<void> };
  };
}

interface NodeServer {
  serve(
    options: { fetch: Fetch; port: number; hostname: string },
    listening: (info: { port: number }) => void,
  ): { close(): void; closeAllConnections?(): void };
}

const HOST = "127.0.0.1";

/** The server that Hono's documentation names for the runtime. */
async function serve(fetch: Fetch): Promise<Server> {
  const { Bun, Deno } = globalThis as Globals;
  if (Bun !== undefined) {
    const server = Bun.serve({ port: 0, fetch });
    return { port: server.port, close: () => server.stop(true) };
  }
  if (Deno !== undefined) {
    const server = Deno.serve({ port: 0, hostname: HOST, onListen() {} }, fetch);
    return { port: server.addr.port, close: () => server.shutdown() };
  }
  const node = await load<NodeServer>("@hono/node-server");
  return await new Promise((resolve) => {
    const server = node.serve({ fetch, port: 0, hostname: HOST }, ({ port }) => {
      const close = () => {
        server.close();
        server.closeAllConnections?.();
      };
      resolve({ port, close });
    });
  });
}
