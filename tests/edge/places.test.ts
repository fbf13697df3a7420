/** docs/places.md says what is so. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { factsHere, factsOfWorkerd } from "../../scripts/lib/places/places.ts";
import { factsIn } from "../../scripts/lib/places/tables.ts";
import { repositoryRoot, runtimeName } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";
import { noServers, Sqld } from "../remote/helpers/sqld.ts";
import { noWorkerd } from "./harness/workerd.ts";

const NAMES = { node: "Node", bun: "Bun", deno: "Deno" };

async function startServer(t: TestContext): Promise<string> {
  const server = await Sqld.start();
  t.after(() => server.remove());
  return server.url;
}

function pageSays(runtime: string): unknown {
  return factsIn(readFileSync(join(repositoryRoot, "docs/places.md"), "utf8"), runtime);
}

const here = "the page says what works on this runtime (npm run places writes it)";
test(here, skipFor(here, noServers), async (t) => {
  const facts = await factsHere(await startServer(t));
  assert.deepEqual(facts, pageSays(NAMES[runtimeName()]));
});

const onWorkerd = "the page says what works on workerd (npm run places writes it)";
test(onWorkerd, skipFor(onWorkerd, noWorkerd ?? noServers), async (t) => {
  const facts = await factsOfWorkerd(await startServer(t));
  const inOrder = pageSays("workerd") as Record<string, unknown>;
  assert.deepEqual(facts, JSON.parse(JSON.stringify(inOrder)));
});
