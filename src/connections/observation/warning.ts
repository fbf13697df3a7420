/**
 * Warnings.
 *
 * @module
 */

/** A problem that does no harm yet but should be investigated. */
export interface DatabaseWarning {
  /**
   * The kind: a statement that took longer than `slowStatementMs`, a read that keeps the log from
   * shrinking, a SQLite version with the WAL-reset bug, or a file that was removed or replaced while
   * it was open.
   */
  readonly kind: "slow statement" | "long read" | "wal-reset bug" | "database moved";
  /** What happened, and what to do about it. */
  readonly message: string;
}
