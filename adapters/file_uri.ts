/**
 * Converts paths to URIs (https://sqlite.org/uri.html), for drivers without other access options.
 *
 * @module
 */

/**
 * Converts a path to a URI.
 *
 * @param path The path of a file.
 * @param parameters The query, such as `mode=ro`.
 */
export function fileUri(path: string, parameters: string): string {
  const escaped = path.replaceAll(/[%?#]/g, encodeURIComponent);
  return `file:${escaped.startsWith("/") ? "//" : ""}${escaped}?${parameters}`;
}

/** Returns the value of `mode=`. */
export function accessMode(readonly: boolean, create: boolean): "ro" | "rw" | "rwc" {
  if (readonly) return "ro";
  return create ? "rwc" : "rw";
}
