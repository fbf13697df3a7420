/**
 * A placeholder for a driver's handle in another thread.
 *
 * @module
 */

import { misuse } from "../sqlite/errors.ts";

/** The properties that are read to await or print any object. */
const ASKED_OF_ALL: readonly PropertyKey[] = ["then", "toJSON", "constructor"];

/**
 * Creates a unique object that throws when it is used, because a handle cannot leave its thread.
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

/** Its name is shown when the handle is printed. */
class RemoteHandle {}
