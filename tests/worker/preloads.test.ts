// A preload of the process is not one of its threads, nor of its processes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { repositoryRoot, runScript, runtimeName, temporaryDirectory } from "../helpers/runtime.ts";
import { skipFor } from "../helpers/skip_reasons.ts";

const preload = pathToFileURL(join(repositoryRoot, "tests/worker/preload.ts")).href;
const elsewhere = runtimeName() === "node"
  ? undefined
  : "only Node has preloads that reach threads and processes";

const SCRIPT = "tests/worker/preload_run.ts";

for (const [execution, where] of [["worker", "threads"], ["process", "processes"]] as const) {
  const once = `a preload that opens a database in ${where} runs once`;
  test(once, skipFor(once, elsewhere), async (t) => {
    const scene = { DATABASE: join(temporaryDirectory(t), "test.db"), EXECUTION: execution };
    const options = ["--import", preload, "--no-warnings"];
    const ways: readonly [env: Readonly<Record<string, string>>, args: readonly string[]][] = [
      [scene, options],
      [{ ...scene, NODE_OPTIONS: options.join(" ") }, []],
    ];
    for (const [env, args] of ways) {
      const { code, stdout, stderr } = await runScript(SCRIPT, [], env, repositoryRoot, args);
      assert.equal(stdout, "preload\n1 row\n", stderr);
      assert.equal(stderr, "", "what silences warnings goes for them too");
      assert.equal(code, 0);
    }
  });
}

const refused = "a thread that runs a preload all the same can start no threads";
test(refused, skipFor(refused, elsewhere), async (t) => {
  const env = { DATABASE: join(temporaryDirectory(t), "test.db"), WITH_PRELOAD: "yes" };
  const args = ["--import", preload];
  const { stdout, stderr } = await runScript(SCRIPT, [], env, repositoryRoot, args);
  assert.equal(stdout, "preload\npreload\n", stderr);
  assert.match(stderr, /a preload opens another database in it/);
});
