/** A connection that has the three methods and no database. */

import type { AsyncConnection, ResultSet } from "../../mod.ts";

export type StubMethod = "execute" | "rollback" | "close";

export class StubConnection implements AsyncConnection {
  readonly id: number;
  failOn: StubMethod | undefined;
  executed = 0;
  rollbacks = 0;
  closes = 0;

  constructor(id: number, failOn?: StubMethod) {
    this.id = id;
    this.failOn = failOn;
  }

  get closed(): boolean {
    return this.closes > 0;
  }

  async execute<R>(): Promise<ResultSet<R>> {
    this.#use("execute");
    this.executed += 1;
    return { columns: [], rows: [], rowsAffected: 0, lastInsertRowid: undefined };
  }

  async rollback(): Promise<void> {
    this.#use("rollback");
    this.rollbacks += 1;
  }

  async close(): Promise<void> {
    this.closes += 1;
    if (this.failOn === "close") throw new Error("failed to close");
  }

  #use(method: StubMethod): void {
    if (this.closed) throw new Error("the stub is closed");
    if (this.failOn === method) throw new Error(`failed to ${method}`);
  }
}

/** A factory that records the stubs it makes. */
export function stubFactory(
  { failOn }: { failOn?: StubMethod } = {},
): { readonly factory: () => StubConnection; readonly made: StubConnection[] } {
  const made: StubConnection[] = [];
  const factory = (): StubConnection => {
    const stub = new StubConnection(made.length, failOn);
    made.push(stub);
    return stub;
  };
  return { factory, made };
}
