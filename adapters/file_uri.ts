/**
 * Paths as the URIs of https://sqlite.org/uri.html, for drivers that take settings in no other way.
 *
 * @module
 */

/**
 * Makes a URI of a path.
 *
 * @param path The path of a file.
 * @param parameters What follows the question mark, such as `mode=ro`.
 */
export function fileUri(path: string, parameters: string): string {
  const escaped = path.replaceAll(/[%?#]/g, encodeURIComponent);
  return `file:${escaped.startsWith("/") ? "//" : ""}${escaped}?${parameters}`;
}

/** What `mode=` takes. */
export function accessMode(readonly: boolean, create: boolean): "ro" | "rw" | "rwc" {
  if (readonly) return "ro";
  return create ? "rwc" : "rw";
}
