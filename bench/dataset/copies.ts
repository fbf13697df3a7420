/** Copies of a database for those who write to it. */

import { closeSync, constants, copyFileSync, fsyncSync, openSync } from "node:fs";

/** Copies a file and waits for the disk, so that no later measurement has to share it. */
export function copyDatabase(from: string, to: string): void {
  // Costs nothing on file systems that can share blocks.
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  const file = openSync(to, "r+");
  fsyncSync(file);
  closeSync(file);
}
