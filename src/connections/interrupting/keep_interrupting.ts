/**
 * Interrupts what a driver runs until it has stopped.
 *
 * @module
 */

import type { DriverConnection } from "../../driver/connection.ts";
import type { Clock } from "../../platform/clock.ts";

/**
 * The pause between interrupts, in milliseconds. The first may come before the driver has started
 * the statement, which would then run on.
 */
const AGAIN_MS = 5;

/** Interrupts what runs on a connection, again and again for as long as that is wanted. */
export function keepInterrupting(
  driver: DriverConnection,
  clock: Clock,
  isWanted: () => boolean,
): void {
  if (!isWanted()) return;
  driver.interrupt!();
  const again = (): void => keepInterrupting(driver, clock, isWanted);
  clock.schedule(again, AGAIN_MS, "keeps process alive");
}

/** Closes a connection that is in use, whose statements are interrupted if the driver can. */
export async function closeInterrupting(driver: DriverConnection, clock: Clock): Promise<void> {
  let state = "closing" as "closing" | "closed";
  if (driver.interrupt !== undefined) keepInterrupting(driver, clock, () => state === "closing");
  try {
    await driver.close();
  } finally {
    state = "closed";
  }
}
