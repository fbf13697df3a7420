/** What tables and results say of those who took part. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Lane } from "../scenarios/scenario.ts";
import type { LaneInfo } from "./results.ts";

export function laneInfos(lanes: readonly Lane[]): Readonly<Record<string, LaneInfo>> {
  return Object.fromEntries(lanes.map((lane) => {
    const { id, title, ours, note } = lane;
    const version = lane.package === undefined ? undefined : installedVersion(lane.package);
    return [id, { title, ours, note, version }];
  }));
}

/** As the contenders' own folder has it, else the project's. */
function installedVersion(name: string): string | undefined {
  const path = ["bench/node_modules", "node_modules"]
    .map((folder) => join(folder, name, "package.json")).find(existsSync);
  if (path === undefined) return undefined;
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
