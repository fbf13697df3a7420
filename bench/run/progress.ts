/** What happens now, in one line of the terminal that the next one replaces. */

import process from "node:process";

export function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

/** Whole lines, after the one that is replaced. */
export function print(text: string): void {
  progress("");
  console.log(text);
}
