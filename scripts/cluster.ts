// Starts a primary and two replicas on loopback, with tokens, and prints how to connect. They end
// with this process (Ctrl+C), and so does their data.

import process from "node:process";

import { noServers, startCluster, tokenOf } from "../tests/remote/helpers/sqld.ts";

if (noServers !== undefined) {
  console.error(`${noServers}.`);
  process.exit(1);
}

const { primary, replicas } = await startCluster(2, true);
const urls = replicas.map(({ url }) => url);

console.log(`primary   ${primary.url}
replicas  ${urls.join("\n          ")}
token     ${tokenOf()}
read-only ${tokenOf({ a: "ro" })}

const db = await openDatabase(
  { primary: "${primary.url}", replicas: ${JSON.stringify(urls)} },
  { authToken: process.env.TOKEN },
);

TOKEN=... node examples/cluster.ts ${primary.url} ${urls.join(" ")}`);

// The servers' helper removes their data when the process exits.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
setInterval(() => {}, 2 ** 30);
