/**
 * Which SQLite versions have the WAL-reset bug.
 *
 * @module
 */

/**
 * Whether a version may corrupt a database when a checkpoint resets the log at the wrong moment:
 * 3.7.0 to 3.51.2, mended in 3.51.3 and in the branches 3.50.7 and 3.44.6.
 * See https://sqlite.org/wal.html.
 */
export function hasWalResetBug(version: string): boolean {
  const [major, minor, patch] = version.split(".").map(Number);
  if (major !== 3) return false;
  if (minor === 44) return patch < 6;
  if (minor === 50) return patch < 7;
  if (minor === 51) return patch < 3;
  return minor >= 7 && minor < 51;
}
