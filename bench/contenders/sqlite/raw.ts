/** The baseline: the runtime's own driver, one handle, no pool. */

import { nativeDriver } from "../../../tests/helpers/drivers.ts";
import type { Open } from "../contender.ts";
import { bareHandle, setPragmas, type SyncHandle } from "./handle.ts";

export const open: Open = async (options) => {
  const handle = nativeDriver.open(options.path) as unknown as SyncHandle;
  setPragmas(handle, options);
  return bareHandle(handle);
};
