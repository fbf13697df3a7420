// Where databases can be, and what works in each place on this runtime and on workerd.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openDatabase } from "../../../mod.ts";
import { startWorker } from "../../../tests/edge/harness/workerd.ts";
import { type PlaceFacts, probe } from "./probe.ts";

export const PLACES: readonly string[] = ["file", "memory", "server", "D1", "Durable Object"];

/** What a runtime can do, by place. */
export type RuntimeFacts = Readonly<Record<string, PlaceFacts>>;

/** @param serverUrl a libSQL server with an empty database. */
export async function factsHere(serverUrl: string): Promise<RuntimeFacts> {
  const directory = mkdtempSync(join(tmpdir(), "sqlitepool-places-"));
  const copy = (name: string): string => join(directory, `${name}.copy`);
  try {
    return {
      file: await probe(() => openDatabase(join(directory, "file.db")), copy("file")),
      memory: await probe(() => openDatabase(":memory:"), copy("memory")),
      server: await probe(() => openDatabase(serverUrl), copy("server")),
      // Bindings of Cloudflare Workers.
      D1: undefined,
      "Durable Object": undefined,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const WORKER = `
import { openDatabase } from "./mod.ts";
import { openD1 } from "./src/edge/d1.ts";
import { openDurableObject } from "./src/edge/durable_object.ts";
import { probe } from "./scripts/lib/places/probe.ts";

export class Storage {
  constructor(ctx) {
    this.ctx = ctx;
  }
  async fetch() {
    const facts = await probe(() => openDurableObject(this.ctx.storage), "copy.db");
    return Response.json(facts ?? null);
  }
}

export default {
  async fetch(request, { server, DB0, STORAGE }) {
    const object = STORAGE.get(STORAGE.idFromName("places"));
    return Response.json({
      file: await probe(() => openDatabase("app.db"), "copy.db"),
      memory: await probe(() => openDatabase(":memory:"), "copy.db"),
      server: await probe(() => openDatabase(server), "copy.db"),
      D1: await probe(() => openD1(DB0), "copy.db"),
      "Durable Object": await (await object.fetch(request.url)).json(),
    });
  },
};
`;

/** The same for workerd. */
export async function factsOfWorkerd(serverUrl: string): Promise<RuntimeFacts> {
  const worker = await startWorker({
    source: WORKER,
    bindings: { server: serverUrl },
    durableObjects: { STORAGE: "Storage" },
  });
  try {
    return await (await worker.fetch("http://worker/")).json() as RuntimeFacts;
  } finally {
    await worker.stop();
  }
}
