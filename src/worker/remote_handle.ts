/**
 * What stands for a driver's handle that is in another thread.
 *
 * @module
 */

import { misuse } from "../sqlite/errors.ts";

/** What is asked of any object, to wait for it or to print it. */
const ASKED_OF_ALL: readonly PropertyKey[] = ["then", "toJSON", "constructor"];

/**
 * Makes an object that is like no other, and that refuses to be used by name: a handle cannot
 * leave its thread.
 */
export function remoteHandle(): object {
  const refuse = (_target: object, name: PropertyKey): never => {
    throw misuse(
      `raw.${
        String(name)
      } cannot be reached: the handle is in another thread. Use the methods of ` +
        'the connection, or execution: "inline" for what only the driver can do',
    );
  };
  return new Proxy(Object.freeze(new RemoteHandle()), {
    get: (target, name) =>
      typeof name === "symbol" || ASKED_OF_ALL.includes(name)
        ? Reflect.get(target, name)
        : refuse(target, name),
    set: refuse,
  });
}

/** For the sake of its name, which shows where the handle is printed. */
class RemoteHandle {}
