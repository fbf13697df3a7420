/**
 * A plugin for Fastify: a route with `config: { lease: "write" }` runs in a transaction, one with
 * `config: { lease: "read" }` on a reader with one snapshot, both as `request.db`. The lease ends
 * with the handler, whether that returns, throws, or its client goes away.
 */

import type { Connection, Database } from "@sqlitepool/pool";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    lease?: "read" | "write";
  }
  interface FastifyRequest {
    /** The connection that the route's `lease` asks for. */
    readonly db: Connection;
  }
}

export async function leases(
  app: FastifyInstance,
  { database }: { database: Database },
): Promise<void> {
  const leased = new WeakMap<FastifyRequest, Connection>();

  app.decorateRequest("db", {
    getter(this: FastifyRequest): Connection {
      const connection = leased.get(this);
      if (connection !== undefined) return connection;
      const { method, url } = this.routeOptions;
      throw new Error(`${method} ${url} has no lease: set config: { lease: "read" or "write" }`);
    },
  });

  // A wrapper, and no hooks before and after: Fastify answers when the handler's promise resolves,
  // which is after the commit, and a hook that would give back may never be called.
  app.addHook("onRoute", (route) => {
    const { config, handler } = route;
    const lease = config?.lease;
    if (lease === undefined) return;
    route.handler = function (request, reply) {
      return database[lease]((connection) => {
        leased.set(request, connection);
        return handler.call(this, request, reply);
      }, { signal: goneSignal(reply) });
    };
  });

  // Fastify calls it when the requests in progress are answered.
  app.addHook("onClose", () => database.close());
}

// What fastify-plugin does: the hooks are for the app that registers this, not for a child of it.
Object.assign(leases, { [Symbol.for("skip-override")]: true });

/**
 * Aborts when the client is gone, and when it has its answer. Not `request.signal`, which on Node
 * aborts as soon as the body of the request has been read.
 */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once("close", () => controller.abort());
  return controller.signal;
}
