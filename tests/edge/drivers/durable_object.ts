/** The storage of a SQLite Durable Object; one path is one database there, whatever it is called. */

import {
  adaptDurableObject,
  durableObjectLimits,
} from "../../../adapters/durable_object/adapter.ts";
import type { DurableObjectStorage } from "../../../adapters/durable_object/handle.ts";
import { limitTexts } from "../../../adapters/limits.ts";
import type { EdgeDriver } from "../harness/edge_driver.ts";

export const driver: EdgeDriver = {
  name: "durable-object",
  limits: durableObjectLimits,
  exceptions: {
    "a corrupt file: SQLITE_CORRUPT": limitTexts.files,
    "a cursor left open at release does not reach the next lease":
      "a pool sets the busy timeout of its connections, which the platform refuses",
  },
  place: "durable-object",
  openerFor: ({ ctx }) => async (_path, { intMode }) => {
    const { storage } = ctx as { readonly storage: DurableObjectStorage };
    return adaptDurableObject(storage, { intMode });
  },
};
