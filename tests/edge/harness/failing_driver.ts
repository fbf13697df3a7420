/** A driver without a connection, which shows that a case that fails inside fails outside. */

import type { EdgeDriver } from "./edge_driver.ts";

export const driver: EdgeDriver = {
  name: "failing",
  limits: [],
  place: "worker",
  openerFor: ({ env }) => async (path) => {
    throw new Error(`${path}: ${Object.keys(env).sort().join(" ")}`);
  },
};
