/** Stand-ins for the two registries, on this machine: they know this package and no other. */

import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { readManifest } from "../../../scripts/lib/npm/build.ts";
import { repositoryRoot } from "../../helpers/runtime.ts";
import { builtPackage } from "./built_package.ts";
import { publishedSources } from "./published_sources.ts";

/** Answers a request, or returns false where it has nothing. */
type Answer = (path: string, response: ServerResponse, url: string) => boolean;

/** The npm registry: the package's document, and its tarball. Returns its address. */
export async function startNpmRegistry(): Promise<string> {
  const { tarball, directory } = await builtPackage();
  const bytes = readFileSync(tarball);
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const { name, version } = manifest;
  return await start((path, response, url) => {
    if (path === "/pool.tgz") {
      response.end(bytes);
      return true;
    }
    if (path !== `/${name}`) return false;
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    const shasum = createHash("sha1").update(bytes).digest("hex");
    const dist = { tarball: `${url}pool.tgz`, integrity, shasum };
    sendJson(response, {
      name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...manifest, dist } },
      // Old enough for package managers that let others try new versions first.
      time: { [version]: "2020-01-01T00:00:00.000Z" },
    });
    return true;
  });
}

/** JSR: the documents of the package and of its version, and its modules. Returns its address. */
export async function startJsrRegistry(): Promise<string> {
  const { name, version, exports } = readManifest();
  const [scope, packageName] = name.split("/");
  const root = `/${name}/${version}/`;
  const sources = publishedSources();
  return await start((path, response) => {
    if (path === `/${name}/meta.json`) {
      const versions = { [version]: { createdAt: "2020-01-01T00:00:00.000Z" } };
      sendJson(response, { scope: scope.slice(1), name: packageName, latest: version, versions });
    } else if (path === `/${name}/${version}_meta.json`) {
      const manifest = Object.fromEntries(sources.map((source) => [`/${source}`, entryOf(source)]));
      sendJson(response, { manifest, exports });
    } else if (path.startsWith(root) && sources.includes(path.slice(root.length))) {
      const type = path.endsWith(".ts") ? "text/typescript" : "text/plain";
      response.setHeader("content-type", type);
      createReadStream(join(repositoryRoot, path.slice(root.length))).pipe(response);
    } else return false;
    return true;
  });
}

function entryOf(source: string): { size: number; checksum: string } {
  const bytes = readFileSync(join(repositoryRoot, source));
  const checksum = `sha256-${createHash("sha256").update(bytes).digest("hex")}`;
  return { size: bytes.byteLength, checksum };
}

function start(answer: Answer): Promise<string> {
  let url = "";
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(new URL(request.url!, url).pathname);
    if (!answer(path, response, url)) response.writeHead(404).end();
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      // The tests end when their work is done.
      server.unref();
      resolve(url);
    });
  });
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
}
