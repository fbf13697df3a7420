/**
 * Where a database is. Locations are parsed here and not by the drivers, which disagree.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";

/** What a location says about creating and writing the file. */
export type FileMode = "ro" | "rw" | "rwc";

/** A parsed location. */
export type Location =
  | { readonly kind: "memory" }
  | { readonly kind: "file"; readonly path: string; readonly mode: FileMode }
  | { readonly kind: "remote"; readonly url: string };

const REMOTE = /^(libsql|https?|wss?):/i;
const FILE_MODES: readonly string[] = ["ro", "rw", "rwc", "memory"];

/**
 * Parses a path, `":memory:"`, a `file:` URL (absolute, or relative as SQLite allows) or the URL
 * of a server.
 *
 * @throws {TypeError | RangeError} for what is none of these, naming it.
 */
export function parseLocation(location: string | URL): Location {
  const text = location instanceof URL ? location.href : location;
  if (typeof text !== "string") {
    throw new TypeError(
      `The location must be a path, a URL or ":memory:"; got ${describeValue(location)}`,
    );
  }
  if (text === "") throw new RangeError('The location is empty. Pass a path, or ":memory:".');
  if (text.includes("\0")) {
    throw new RangeError(`The location ${JSON.stringify(text)} has a NUL character in it.`);
  }
  if (text === ":memory:") return { kind: "memory" };
  if (REMOTE.test(text)) return { kind: "remote", url: text };
  if (/^file:/i.test(text)) return parseFileUrl(text);
  return { kind: "file", path: text, mode: "rwc" };
}

function parseFileUrl(url: string): Location {
  const [, rest, query] = /^file:([^?#]*)(?:\?([^#]*))?/i.exec(url)!;
  const mode = parseMode(url, new URLSearchParams(query ?? ""));
  const path = decode(url, pathOf(url, rest));
  if (mode === "memory" || path === ":memory:") return { kind: "memory" };
  if (path === "") throw new RangeError(`The location ${JSON.stringify(url)} has no path.`);
  return { kind: "file", path, mode: mode as FileMode };
}

function pathOf(url: string, rest: string): string {
  if (!rest.startsWith("//")) return rest;
  const slash = rest.indexOf("/", 2);
  const host = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  if (host !== "" && host !== "localhost") {
    throw new RangeError(
      `The location ${JSON.stringify(url)} names the host ${JSON.stringify(host)}. ` +
        "Only files of this machine can be opened: write file:///path or file:path.",
    );
  }
  const path = slash < 0 ? "" : rest.slice(slash);
  // file:///C:/app.db names a drive, which does not begin with a slash.
  return /^\/[a-z]:\//i.test(path) ? path.slice(1) : path;
}

function parseMode(url: string, parameters: URLSearchParams): string {
  for (const name of parameters.keys()) {
    if (name === "mode") continue;
    throw new RangeError(
      `The location ${JSON.stringify(url)} has the parameter ${JSON.stringify(name)}. ` +
        "Only mode is supported; other settings are options of openDatabase.",
    );
  }
  const mode = parameters.get("mode") ?? "rwc";
  if (FILE_MODES.includes(mode)) return mode;
  throw new RangeError(
    `The location ${JSON.stringify(url)} has the mode ${JSON.stringify(mode)}. ` +
      `It must be one of ${FILE_MODES.join(", ")}.`,
  );
}

function decode(url: string, path: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch (cause) {
    throw new RangeError(`The location ${JSON.stringify(url)} is not a valid URL.`, { cause });
  }
  if (!decoded.includes("\0")) return decoded;
  throw new RangeError(`The location ${JSON.stringify(url)} has a NUL character in it.`);
}
