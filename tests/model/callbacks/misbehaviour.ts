/** What callbacks of users may do instead of returning. */

import type { Codes } from "../codes.ts";

/** Every property of it throws, and so does printing it. */
function trap(): object {
  const spring = (): never => {
    throw new Error("a trap was sprung");
  };
  const object = {};
  for (const key of ["message", "stack", "name", "code", "cause", "toString", "errcode", "errno"]) {
    Object.defineProperty(object, key, { get: spring, enumerable: true, configurable: true });
  }
  Object.defineProperty(object, Symbol.for("nodejs.util.inspect.custom"), { get: spring });
  Object.defineProperty(object, Symbol.toPrimitive, { get: spring });
  return object;
}

function trappedError(): Error {
  const error = new Error("trapped");
  for (const key of ["message", "stack", "cause", "name", "code"]) {
    Object.defineProperty(error, key, {
      get() {
        throw new Error("a trap was sprung");
      },
    });
  }
  return error;
}

/** Things to throw that are not what a handler of errors expects. */
export const THINGS: readonly { readonly name: string; readonly make: () => unknown }[] = [
  { name: "an error", make: () => new Error("of the user") },
  { name: "undefined", make: () => undefined },
  { name: "null", make: () => null },
  { name: "a text", make: () => "a text" },
  { name: "0", make: () => 0 },
  { name: "an object without prototype", make: () => Object.create(null) },
  { name: "a symbol", make: () => Symbol("of the user") },
  { name: "a frozen error", make: () => Object.freeze(new Error("frozen")) },
  { name: "an object of traps", make: trap },
  { name: "an error of traps", make: trappedError },
];

export const WAYS = [
  "returns",
  "throws",
  "rejects",
  "never settles",
  "returns a bad thenable",
  "calls back",
  "calls back, then throws",
] as const;

/** How one callback behaves. */
export interface Behaviour {
  readonly way: (typeof WAYS)[number];
  readonly thing: number;
}

export const WELL: Behaviour = { way: "returns", thing: 0 };

export function decodeBehaviour(
  codes: Codes,
  without: readonly Behaviour["way"][] = [],
): Behaviour {
  const way = WAYS[codes.next(WAYS.length)];
  const thing = codes.next(THINGS.length);
  return { way: without.includes(way) ? "returns" : way, thing };
}

export function showBehaviour({ way, thing }: Behaviour): string {
  const throws = way === "throws" || way === "rejects" || way === "calls back, then throws";
  return throws ? `${way} ${THINGS[thing].name}` : way;
}

/** What was thrown, and by whom. */
export interface Thrown {
  readonly value: unknown;
}

/**
 * Behaves as told; `result` is for those that return. `reenter` calls the library, and `threw` is
 * told what the callback has thrown or rejected with.
 */
export function behave<T>(
  { way, thing }: Behaviour,
  result: T,
  reenter: () => void,
  threw: (value: unknown) => void,
): T | PromiseLike<T> {
  const make = (): unknown => {
    const value = THINGS[thing].make();
    threw(value);
    return value;
  };
  switch (way) {
    case "returns":
      return result;
    case "throws":
      throw make();
    case "rejects":
      return Promise.reject(make());
    case "never settles":
      return new Promise(() => {});
    case "returns a bad thenable":
      return {
        then() {
          throw make();
        },
      } as unknown as PromiseLike<T>;
    case "calls back":
      reenter();
      return result;
    case "calls back, then throws":
      reenter();
      throw make();
  }
}
