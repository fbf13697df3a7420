/** A server for each database of the conformance suite, and a stream for each connection. */

import { systemEnvironment } from "../../../src/platform/clock.ts";
import { AsyncDriverConnection } from "../../../src/driver/async_connection.ts";
import { Cluster } from "../../../src/remote/cluster.ts";
import { remoteLimits } from "../../../src/remote/limits.ts";
import { Stream } from "../../../src/remote/stream.ts";
import type { ConformanceDriver } from "../../conformance/drivers.ts";
import { serverExceptions, ServersByPath } from "./servers_by_path.ts";
import { noServers } from "./sqld.ts";

const servers = new ServersByPath();
const environment = systemEnvironment;

export const remote: ConformanceDriver = {
  name: "remote",
  unavailable: noServers,
  limits: remoteLimits,
  exceptions: {
    ...serverExceptions,
    "the driver's error is the cause": "there is no driver that throws errors",
  },
  async open(path, { intMode = "number" }) {
    let cluster: Cluster | undefined;
    return await servers.connect(path, (url) => {
      cluster = new Cluster(
        { primary: new URL(url), replicas: [] },
        { environment, fetch, authToken: undefined, probeMs: 1_000 },
        250,
      );
      const stream = new Stream(cluster, {
        intMode,
        timeoutMs: 10_000,
        busyTimeoutMs: 5_000,
        clock: environment.clock,
      });
      return new AsyncDriverConnection(stream, { intMode });
    }, () => cluster?.close());
  },
};
