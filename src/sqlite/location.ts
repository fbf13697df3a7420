/**
 * Database locations. They are parsed here because drivers parse them differently.
 *
 * @module
 */

import { absolutePath } from "../platform/builtins.ts";
import { describeValue } from "../platform/describe.ts";

/** The access modes of a `file:` URL. */
export type FileMode = "ro" | "rw" | "rwc";

/** A parsed location. */
export type Location =
  | { readonly kind: "memory" }
  /** The path is absolute, so that it stays valid after `process.chdir`. */
  | { readonly kind: "file"; readonly path: string; readonly mode: FileMode }
  | { readonly kind: "remote"; readonly url: string };

/** A local location. */
export type LocalLocation = Exclude<Location, { kind: "remote" }>;

const REMOTE = /^(libsql|https?|wss?):/i;
/** At least two letters, since a single one is a Windows drive. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i;
const SQLITE_SCHEMES = /^(jdbc:)?sqlite3?:(\/\/)?/i;
/** A lone question mark may be part of a file name. */
const PARAMETERS = /\?\w+=/;
const FILE_MODES: readonly string[] = ["ro", "rw", "rwc", "memory"];

/**
 * Parses a path, `":memory:"`, a `file:` URL (absolute, or relative as SQLite allows) or the URL
 * of a server.
 *
 * @param folder the working directory at the time of the call.
 * @throws {TypeError | RangeError} for anything else, with the value in the message.
 */
export function parseLocation(location: string | URL, folder: string | undefined): Location {
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
  if (/^file:/i.test(text)) return parseFileUrl(text, folder);
  refuseUrls(text);
  return { kind: "file", path: fileAt(text, text, folder), mode: "rwc" };
}

/** SQLite would create a file although the name is meant for a directory. */
function fileAt(location: string, path: string, folder: string | undefined): string {
  if (!path.endsWith("/")) return absolutePath(path, folder);
  throw new RangeError(
    `The location ${shown(location)} ends with a slash, as directories do. Name a file in it.`,
  );
}

/** The same, but accepts only local files. `taker` is the name of the function in errors. */
export function parseLocalLocation(
  location: string | URL,
  folder: string | undefined,
  taker: string,
): LocalLocation {
  const parsed = parseLocation(location, folder);
  if (parsed.kind !== "remote") return parsed;
  throw new TypeError(
    `${shown(parsed.url)} is a server. ${taker} opens files of this machine.`,
  );
}

/** URLs of other libraries would otherwise be used as file names. */
function refuseUrls(text: string): void {
  if (text.startsWith(":memory:")) {
    throw new RangeError(
      `The location ${shown(text)} has more than ":memory:" in it. Write ":memory:" alone: ` +
        "a database in memory takes no parameters.",
    );
  }
  const [scheme] = SCHEME.exec(text) ?? [];
  if (scheme !== undefined) {
    const path = text.replace(SQLITE_SCHEMES, "").replace(/\?.*/s, "");
    // Libraries disagree on whether a third slash makes a path absolute.
    const isPlain = path !== "" && !path.startsWith("/") && !SCHEME.test(path);
    throw new RangeError(
      `The location ${shown(text)} begins with ${JSON.stringify(scheme)}, which cannot be ` +
        `opened. Write the path alone, such as ${JSON.stringify(isPlain ? path : "app.db")}, or ` +
        `a file: URL; "./${scheme}..." names a file in this folder that begins so.`,
    );
  }
  if (PARAMETERS.test(text)) {
    throw new RangeError(
      `The location ${shown(text)} is a path with parameters. Only a file: URL takes any: write ` +
        `${JSON.stringify(`file:${text.replace(/\?.*/s, "")}?mode=ro`)}, or use options. A file ` +
        "with a question mark in its name needs a file: URL too, with %3F in its place; " +
        "pathToFileURL makes one.",
    );
  }
}

/** Shows a location in a message, without parameters and passwords, which may be secret. */
function shown(location: string): string {
  const text = location.replace(/\?.*/s, "?...").replace(/^([^/]*:\/\/)[^/]*@/, "$1...@");
  return JSON.stringify(text);
}

function parseFileUrl(url: string, folder: string | undefined): Location {
  const [, rest, query] = /^file:([^?#]*)(?:\?([^#]*))?/i.exec(url)!;
  const mode = parseMode(url, new URLSearchParams(query ?? ""));
  const path = decode(url, pathOf(url, rest));
  if (mode === "memory" || path === ":memory:") return { kind: "memory" };
  if (path === "") throw new RangeError(`The location ${shown(url)} has no path.`);
  return { kind: "file", path: fileAt(url, path, folder), mode: mode as FileMode };
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
      `The location ${shown(url)} has the parameter ${JSON.stringify(name)}. ` +
        "Only mode is supported; other settings are options of openDatabase.",
    );
  }
  const mode = parameters.get("mode") ?? "rwc";
  if (FILE_MODES.includes(mode)) return mode;
  throw new RangeError(
    `The location ${shown(url)} has the mode ${JSON.stringify(mode)}. ` +
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
