/** Runs programs whose callbacks misbehave, and checks what each call makes of it. */

import type { RowFactory, SQLiteValue } from "../../../mod.ts";
import { type CallbackPlace, type Caller, THREE_ROWS } from "./places.ts";
import {
  type CallbackAction,
  type CallbackPlan,
  type CallbackProgram,
  OBSERVERS,
} from "./program.ts";
import { behave, type Behaviour } from "./misbehaviour.ts";
import { nextTurn } from "../turns.ts";

/** For callbacks that never settle, where the caller can limit them. */
const LIMIT_MS = 5;

/** What a call must do: throw what its callback has thrown, or end otherwise. */
export class CallbackPerformance {
  readonly #place: CallbackPlace;
  readonly #caller: Caller;
  readonly #limitsCallbacks: boolean;

  constructor(place: CallbackPlace, caller: Caller, limitsCallbacks: boolean) {
    this.#place = place;
    this.#caller = caller;
    this.#limitsCallbacks = limitsCallbacks;
  }

  async perform({ plan, calls }: CallbackProgram): Promise<void> {
    this.#caller.begin(plan);
    const open: Promise<void>[] = [];
    for (const [index, { action, awaited }] of calls.entries()) {
      const call = this.#check(index, action, plan);
      open.push(call);
      if (awaited) await call.catch(() => {});
      else call.catch(() => {});
    }
    await Promise.all(open);
    while (this.#caller.reentered.size > 0) await Promise.all(this.#caller.reentered);
  }

  async #check(index: number, action: CallbackAction, plan: CallbackPlan): Promise<void> {
    const thrown: unknown[] = [];
    const name = `Call ${index} (${action.do})`;
    let error: unknown;
    let state: "resolved" | "rejected";
    try {
      await this.#start(action, (value) => thrown.push(value));
      state = "resolved";
    } catch (e) {
      error = e;
      state = "rejected";
    }
    if (thrown.length > 0) {
      if (state === "resolved") throw new Error(`${name} resolved, though its callback threw`);
      if (!thrown.some((value) => Object.is(value, error))) {
        throw new Error(`${name} rejected with something else than its callback threw`, {
          cause: error,
        });
      }
      return;
    }
    const disturbed = Object.keys(plan).some((name) => !OBSERVERS.some((other) => other === name));
    if (state === "rejected" && !disturbed && !mayFail(action) && !tookLong(error)) {
      throw new Error(`${name} rejected, though nothing of its own failed`, { cause: error });
    }
  }

  #start(action: CallbackAction, threw: (value: unknown) => void): Promise<unknown> {
    const place = this.#place;
    switch (action.do) {
      case "run":
        return place.run("INSERT INTO t VALUES (1)");
      case "read a row":
        return place.get("SELECT 1 AS one", this.#rowFactory(action.rowFactory, threw));
      case "write and return":
        return place.run(
          "INSERT INTO t VALUES (1) RETURNING v",
          this.#rowFactory(action.rowFactory, threw),
        );
      case "transaction":
        return place.transaction(async (tx) => {
          await tx.values("INSERT INTO t VALUES (1)");
          const callback = () => this.#callback(action.callback, threw);
          return action.nested ? await tx.transaction(callback) : await callback();
        }, this.#limit(action.callback));
      case "snapshot":
        return place.snapshot(
          () => this.#callback(action.callback, threw),
          this.#limit(action.callback),
        );
      case "iterate":
        return this.#iterate(action, threw);
      case "lease":
        return this.#lease(action.leaves);
      case "back up":
        return place.backUp(() =>
          void behave(synchronous(action.onProgress), undefined, this.#caller.callBack, threw)
        );
    }
  }

  #rowFactory(
    behaviour: Behaviour,
    threw: (value: unknown) => void,
  ): RowFactory<unknown> {
    return (values: SQLiteValue[]) =>
      behave(synchronous(behaviour), values[0], this.#caller.callBack, threw);
  }

  #callback(behaviour: Behaviour, threw: (value: unknown) => void): unknown {
    // Nobody would ever settle it.
    const endless = behaviour.way === "never settles" && !this.#limitsCallbacks;
    const way = endless ? "returns" : behaviour.way;
    return behave({ ...behaviour, way }, undefined, this.#caller.callBack, threw);
  }

  #limit({ way }: Behaviour): { timeoutMs?: number } {
    return way === "never settles" ? { timeoutMs: LIMIT_MS } : {};
  }

  async #iterate(
    { rowFactory, consumer }: CallbackAction & { do: "iterate" },
    threw: (value: unknown) => void,
  ): Promise<void> {
    const rows = await this.#place.iterate(THREE_ROWS, this.#rowFactory(rowFactory, threw));
    switch (consumer) {
      case "reads all":
        for await (const _ of rows);
        return;
      case "breaks":
        for await (const _ of rows) break;
        return;
      case "throws": {
        const mine = new Error("of the consumer");
        try {
          for await (const _ of rows) throw mine;
        } catch (error) {
          if (error !== mine) throw error;
        }
        return;
      }
      case "leaves": {
        // Given up between two rows, and closed in the end.
        await rows.next();
        await nextTurn();
        await rows.return?.();
        return;
      }
      case "asks twice": {
        const two = await Promise.allSettled([rows.next(), rows.next()]);
        await rows.return?.();
        for (const outcome of two) if (outcome.status === "rejected") throw outcome.reason;
        return;
      }
      case "returns at once": {
        const first = rows.next();
        const [, outcome] = await Promise.allSettled([rows.return?.(), first]);
        if (outcome.status === "rejected") throw outcome.reason;
        return;
      }
    }
  }

  async #lease(leaves: "nothing" | "a transaction" | "a cursor"): Promise<void> {
    const connection = await this.#place.lease();
    try {
      if (leaves === "a transaction") {
        await connection.begin();
        await connection.values("INSERT INTO t VALUES (1)");
      } else if (leaves === "a cursor") {
        await connection.iterate(THREE_ROWS, [], { rowFactory: (values) => values }).next();
      }
    } finally {
      await Promise.all([connection.release(), connection.release()]);
    }
  }
}

/** Row factories and progress functions are not awaited: what they return is a value. */
function synchronous(behaviour: Behaviour): Behaviour {
  const { way } = behaviour;
  const isSynchronous = way === "returns" || way === "throws" || way.startsWith("calls back");
  return isSynchronous ? behaviour : { ...behaviour, way: "returns" };
}

/** A connection did not open in time: the limit is for callbacks, and short on a busy machine. */
export function tookLong(error: unknown): boolean {
  return error instanceof Error && error.message.includes("took longer");
}

function mayFail(action: CallbackAction): boolean {
  const behaviours = Object.values(action).filter((value) => typeof value === "object");
  return (behaviours as Behaviour[]).some(({ way }) => way === "never settles");
}
