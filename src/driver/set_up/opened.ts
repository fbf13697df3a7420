/**
 * Sets up connections of this thread; what that takes is loaded with the first.
 *
 * @module
 */

import type { DriverConnection } from "../connection.ts";
import type { ResolvedSetUp, SetUpContext } from "./options.ts";

/** Sets up a connection that was opened in this thread, if there is anything to do. */
export function setUpOpened(
  opened: DriverConnection | PromiseLike<DriverConnection>,
  prepare: ResolvedSetUp,
  context: SetUpContext,
): DriverConnection | PromiseLike<DriverConnection> {
  const { extensions, setUp } = prepare;
  if (extensions.length === 0 && setUp === undefined) return opened;
  const run = async (): Promise<DriverConnection> => {
    const { setUpConnection } = await import("./run.ts");
    return await setUpConnection(await opened, prepare, context);
  };
  return run();
}
