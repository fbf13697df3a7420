/**
 * Tells servers from files.
 *
 * @module
 */

/** Whether this is where a server is, or several. */
export function isRemoteLocation(location: unknown): boolean {
  const text = location instanceof URL ? location.href : location;
  if (typeof text === "string") return /^(libsql|https?|wss?):/i.test(text);
  return typeof text === "object" && text !== null && "primary" in text;
}
