/** Sets up the connections of a test; threads load it too. */

import type { SetUpContext } from "../../mod.ts";

interface Handle {
  function(name: string, fn: (...args: never[]) => unknown): unknown;
}

export default async function setUp(raw: Handle, { role, driver }: SetUpContext): Promise<void> {
  // What is awaited here is over before the first statement.
  await Promise.resolve();
  raw.function("twice", (n: number) => 2 * n);
  raw.function("role_of_connection", () => `${role} of ${driver}`);
}
