/**
 * Serves a fetch handler over `node:http`. Good enough to try the example; in production use
 * `@hono/node-server`.
 */

import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Server {
  readonly url: string;
  /** Stops listening and waits for requests in progress. */
  close(): Promise<void>;
}

type FetchHandler = (request: Request) => Response | Promise<Response>;

export function serve(handler: FetchHandler, port: number): Promise<Server> {
  const server = createServer(async (incoming, outgoing) => {
    const response = await handler(await toRequest(incoming));
    // Otherwise a client that keeps its connection after the last answer would hold up the end.
    if (!server.listening) outgoing.setHeader("connection", "close");
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(new Uint8Array(await response.arrayBuffer()));
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${port}`, close });
    });
  });
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const { method = "GET", url = "/", headers: { host = "localhost", ...headers } } = incoming;
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return new Request(new URL(url, `http://${host}`), {
    method,
    headers: headers as Record<string, string>,
    body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
  });
}
