/** Databases on servers of their own, which the tests of a file share. */

import type { TestContext } from "node:test";

import { openDatabase, type RemoteDatabase, type RemoteOptions } from "../../../mod.ts";
import { Sqld, type SqldOptions } from "./sqld.ts";

/** One server for all tests of a file; each begins with an empty database. */
export class SharedServer {
  #server: Sqld | undefined;
  readonly #options: SqldOptions;

  constructor(options: SqldOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<Sqld> {
    return this.#server ??= await Sqld.start(this.#options);
  }

  get server(): Sqld {
    return this.#server!;
  }

  /** A database with nothing in it, closed when the test ends. */
  async open(t: TestContext, options: RemoteOptions = {}): Promise<RemoteDatabase> {
    const server = await this.start();
    await server.clear();
    const db = await openDatabase(server.url as `http://${string}`, options);
    t.after(() => db.close({ timeoutMs: 0 }));
    return db;
  }

  async remove(): Promise<void> {
    await this.#server?.remove();
  }
}
