/** Stand-ins for the two registries, on this machine: they know this package and no other. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
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

/** A package on JSR: its modules are sources. */
export interface JsrPackage {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  /** Texts of files by path, without a leading slash. */
  readonly files: ReadonlyMap<string, string>;
}

/** This package as it goes to JSR. */
export function jsrPackage(): JsrPackage {
  const { name, version, exports } = readManifest();
  const files = publishedSources().map((path): [string, string] => [
    path,
    readFileSync(join(repositoryRoot, path), "utf8"),
  ]);
  return { name, version, exports, files: new Map(files) };
}

/** JSR: the documents of a package and of its version, and its files. Returns its address. */
export async function startJsrRegistry(
  { name, version, exports, files }: JsrPackage = jsrPackage(),
): Promise<string> {
  const [scope, packageName] = name.split("/");
  const root = `/${name}/${version}/`;
  return await start((path, response) => {
    const text = path.startsWith(root) ? files.get(path.slice(root.length)) : undefined;
    if (path === `/${name}/meta.json`) {
      const versions = { [version]: { createdAt: "2020-01-01T00:00:00.000Z" } };
      sendJson(response, { scope: scope.slice(1), name: packageName, latest: version, versions });
    } else if (path === `/${name}/${version}_meta.json`) {
      const entries = [...files].map(([file, content]) => [`/${file}`, entryOf(content)]);
      sendJson(response, { manifest: Object.fromEntries(entries), exports });
    } else if (text !== undefined) {
      const type = path.endsWith(".ts") ? "text/typescript" : "text/plain";
      response.setHeader("content-type", type);
      response.end(text);
    } else return false;
    return true;
  });
}

function entryOf(text: string): { size: number; checksum: string } {
  const bytes = Buffer.from(text);
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
