/** `bun examples/service/bun.ts` */

import { type Handler, runServer } from "./server.ts";

interface BunGlobal {
  serve(options: { hostname: string; port: number; fetch: Handler }): {
    readonly url: URL;
    stop(): Promise<void>;
  };
}

// With the types of Bun installed this is the global `Bun`.
const { Bun } = globalThis as unknown as { Bun: BunGlobal };

await runServer((fetch, port) => {
  const server = Bun.serve({ hostname: "127.0.0.1", port, fetch });
  return { url: server.url.origin, close: () => server.stop() };
});
