/** The disk as the library syncs it: observed, held back, or failing. */

import process from "node:process";
import type { TestContext } from "node:test";

type Done = (error: Error | null) => void;

interface FileFunctions {
  fdatasync(descriptor: number, done: Done): void;
  openSync(path: string, flags: string): number;
  closeSync(descriptor: number): void;
}

/** Stands between the library and the disk until the test ends. */
export class Disk {
  /** How many syncs have begun. */
  syncs = 0;
  /** How many logs are open. */
  openLogs = 0;
  /** Called when a sync begins, and when it has ended. */
  onSync: (stage: "begins" | "ends") => void = () => {};
  /** Makes the log impossible to open. */
  refusesLogs = false;
  #state: "works" | "is held" = "works";
  readonly #held: { readonly sync: () => void; readonly done: Done }[] = [];

  static watch(t: TestContext): Disk {
    const files = process.getBuiltinModule("node:fs") as unknown as FileFunctions;
    const { fdatasync, openSync, closeSync } = files;
    const disk = new Disk();
    const logs = new Set<number>();
    files.openSync = (path, ...rest) => {
      const isLog = String(path).endsWith("-wal");
      if (isLog && disk.refusesLogs) throw new Error("no permission for the log");
      const descriptor = openSync(path, ...rest);
      if (isLog) logs.add(descriptor);
      disk.openLogs = logs.size;
      return descriptor;
    };
    files.closeSync = (descriptor) => {
      closeSync(descriptor);
      logs.delete(descriptor);
      disk.openLogs = logs.size;
    };
    files.fdatasync = (descriptor, done) => {
      disk.#begin(() => fdatasync(descriptor, (error) => disk.#end(done, error)), done);
    };
    t.after(() => {
      disk.works();
      Object.assign(files, { fdatasync, openSync, closeSync });
    });
    return disk;
  }

  /** From now on no sync ends. */
  hold(): void {
    this.#state = "is held";
  }

  /** The syncs that are held fail. From then on the disk works, as if nothing had happened. */
  fail(message: string): void {
    this.#state = "works";
    for (const { done } of this.#held.splice(0)) setImmediate(() => done(new Error(message)));
  }

  /** From now on the disk works, and what was held goes on. */
  works(): void {
    this.#state = "works";
    for (const { sync } of this.#held.splice(0)) sync();
  }

  #begin(sync: () => void, done: Done): void {
    this.syncs += 1;
    this.onSync("begins");
    if (this.#state === "is held") this.#held.push({ sync, done });
    else sync();
  }

  #end(done: Done, error: Error | null): void {
    if (error === null) this.onSync("ends");
    done(error);
  }
}
