/** The processes that this one has started. */

import { execFile } from "node:child_process";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/** The ids of the processes of pools. */
export async function childProcesses(parent: number = process.pid): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [pid, ppid, ...args] = line.trim().split(/\s+/);
    return Number(ppid) === parent && args.at(-1) === "sqlitepool-process" ? [Number(pid)] : [];
  });
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits for something that happens soon, however busy the machine is. */
export async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!await happened()) await delay(10);
}
