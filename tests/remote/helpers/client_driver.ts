/** Clients of @libsql/client that talk to a server of the suite, as drivers. */

import process from "node:process";
import { after } from "node:test";

import { adaptLibsql, libsqlRemoteLimits } from "../../../adapters/libsql_client/adapter.ts";
import type { LibsqlClient } from "../../../adapters/libsql_client/handle.ts";
import type { DriverConnection } from "../../../mod.ts";
import type { ConformanceDriver } from "../../conformance/drivers.ts";
import { type Loaded, loadLibsql } from "../../helpers/packages.ts";
import { serverExceptions, ServersByPath } from "./servers_by_path.ts";
import { noServers } from "./sqld.ts";

export const clientModule: Loaded<{ createClient(config: object): LibsqlClient }> =
  await loadLibsql<{ createClient(config: object): LibsqlClient }>(
    "@libsql/client",
  );

const nightly = process.env.ROUND_TRIPS === undefined
  ? "every case takes requests to a server: part of the nightly run"
  : undefined;

/** One that reaches its server in this way. */
export function clientDriver(protocol: "http" | "ws"): ConformanceDriver {
  const servers = new ServersByPath();
  after(() => servers.end());
  return {
    name: `libsql-${protocol}`,
    unavailable: clientModule.unavailable ?? noServers ?? nightly,
    limits: libsqlRemoteLimits,
    exceptions: serverExceptions,
    open: (path, { intMode }): Promise<DriverConnection> =>
      servers.connect(path, (url) => {
        const config = { url: url.replace("http:", `${protocol}:`), intMode: "bigint" };
        const client = clientModule.module!.createClient(config);
        try {
          return adaptLibsql(client, { intMode });
        } catch (error) {
          // Its socket would keep the process from ending.
          client.close();
          throw error;
        }
      }),
  };
}
