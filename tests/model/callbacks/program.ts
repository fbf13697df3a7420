/** Programs of calls whose callbacks misbehave. */

import type { Codes } from "../codes.ts";
import { type Behaviour, decodeBehaviour, showBehaviour } from "./misbehaviour.ts";

/** Callbacks that are options of a pool or database. */
export const CALLBACKS = [
  "onOpen",
  "onAcquire",
  "onRelease",
  "onDestroy",
  "onWarning",
  "onTiming",
  "rowFactory",
  "onConnect",
  "factory",
] as const;
export type Callback = (typeof CALLBACKS)[number];

/** Without effect on anybody's call, whatever they do. */
export const OBSERVERS: readonly Callback[] = [
  "onOpen",
  "onAcquire",
  "onRelease",
  "onDestroy",
  "onWarning",
  "onTiming",
];

export type CallbackPlan = Readonly<Partial<Record<Callback, Behaviour>>>;

export type CallbackAction =
  | { readonly do: "run" }
  | { readonly do: "read a row"; readonly rowFactory: Behaviour }
  | { readonly do: "write and return"; readonly rowFactory: Behaviour }
  | { readonly do: "transaction"; readonly callback: Behaviour; readonly nested: boolean }
  | { readonly do: "snapshot"; readonly callback: Behaviour }
  | {
    readonly do: "iterate";
    readonly rowFactory: Behaviour;
    readonly consumer:
      | "reads all"
      | "breaks"
      | "throws"
      | "leaves"
      | "asks twice"
      | "returns at once";
  }
  | { readonly do: "lease"; readonly leaves: "nothing" | "a transaction" | "a cursor" }
  | { readonly do: "back up"; readonly onProgress: Behaviour };

export interface CallbackCall {
  readonly action: CallbackAction;
  readonly awaited: boolean;
}

export interface CallbackProgram {
  readonly plan: CallbackPlan;
  readonly calls: readonly CallbackCall[];
}

export interface CallbackAbilities {
  readonly actions: readonly CallbackAction["do"][];
  readonly callbacks: readonly Callback[];
}

const CONSUMERS = [
  "reads all",
  "breaks",
  "throws",
  "leaves",
  "asks twice",
  "returns at once",
] as const;
const LEFT = ["nothing", "a transaction", "a cursor"] as const;

export function decodeCallbackProgram(codes: Codes, abilities: CallbackAbilities): CallbackProgram {
  const plan: Partial<Record<Callback, Behaviour>> = {};
  const misbehaving = 1 + codes.next(3);
  for (let i = 0; i < misbehaving; i++) {
    const callback = abilities.callbacks[codes.next(abilities.callbacks.length)];
    // What is waited for until its time is over makes a run long.
    const isAwaited = callback === "factory" || callback === "onConnect";
    const without = isAwaited && codes.next(8) > 0 ? ["never settles"] as const : [];
    plan[callback] = decodeBehaviour(codes, without);
  }
  const calls: CallbackCall[] = [];
  do {
    const awaited = codes.next(3) < 2;
    const kind = abilities.actions[codes.next(abilities.actions.length)];
    calls.push({ action: decodeAction(kind, codes), awaited });
  } while (codes.left && calls.length < 6);
  return { plan, calls };
}

function decodeAction(kind: CallbackAction["do"], codes: Codes): CallbackAction {
  switch (kind) {
    case "run":
      return { do: kind };
    case "read a row":
    case "write and return":
      return { do: kind, rowFactory: decodeBehaviour(codes) };
    case "transaction":
      return { do: kind, callback: decodeBehaviour(codes), nested: codes.next(2) === 1 };
    case "snapshot":
      return { do: kind, callback: decodeBehaviour(codes) };
    case "iterate": {
      const consumer = CONSUMERS[codes.next(CONSUMERS.length)];
      return { do: kind, rowFactory: decodeBehaviour(codes), consumer };
    }
    case "lease":
      return { do: kind, leaves: LEFT[codes.next(LEFT.length)] };
    case "back up":
      return { do: kind, onProgress: decodeBehaviour(codes) };
  }
}

export function showCallbackProgram({ plan, calls }: CallbackProgram): string {
  const planned = Object.entries(plan).map(([name, behaviour]) =>
    `${name} ${showBehaviour(behaviour)}`
  );
  const lines = calls.map(({ action, awaited }, index) => {
    const details = Object.entries(action).filter(([key]) => key !== "do").map(([key, value]) =>
      `${key} ${typeof value === "object" ? showBehaviour(value as Behaviour) : value}`
    );
    return `  ${index}. ${action.do} ${details.join(", ")}${awaited ? "" : ", not awaited"}`;
  });
  return `  ${planned.join("; ")}\n${lines.join("\n")}`;
}
