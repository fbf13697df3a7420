/** `deno run -A examples/service/deno.ts` */

import { type Handler, runServer } from "./server.ts";

interface DenoGlobal {
  serve(options: { hostname: string; port: number; onListen(): void }, handler: Handler): {
    readonly addr: { readonly port: number };
    shutdown(): Promise<void>;
  };
}

// In a program of Deno alone this is the global `Deno`.
const { Deno } = globalThis as unknown as { Deno: DenoGlobal };

await runServer((fetch, port) => {
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, fetch);
  return { url: `http://127.0.0.1:${server.addr.port}`, close: () => server.shutdown() };
});
