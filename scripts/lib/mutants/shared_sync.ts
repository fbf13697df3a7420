// Known bugs of transactions that share a sync: acknowledged, but not on the disk.

import type { Mutant } from "./mutant.ts";

const sync = "src/database/writing/shared_sync.ts";
const log = "src/database/writing/log_file.ts";

const mutants: readonly Omit<Mutant, "guard">[] = [
  {
    bug: "sync: acknowledges before the sync",
    file: sync,
    find: "    return durable;\n",
    replace: "    return undefined;\n",
  },
  {
    bug: "sync: a write shares a sync that began before its commit",
    file: log,
    find: "    const round = this.#next ??= newRound();\n",
    replace: "    const round = this.#running ?? (this.#next ??= newRound());\n",
  },
  {
    bug: "sync: whoever has the writer commits without a sync",
    file: sync,
    find: 'if (writer.commits === "synced") return;\n    await',
    replace: 'if (writer.commits !== "synced") return;\n    await',
  },
  {
    bug: "sync: a schema change does not wait for the disk",
    file: "src/database/local_database.ts",
    find: "    await sync?.commit();\n",
    replace: "",
  },
  {
    bug: "sync: a failed sync is repeated",
    file: log,
    find: "if (error) this.#failure ??= { error };",
    replace: "if (error) return void (round.reject(error), this.#start());",
  },
  {
    bug: "sync: writes go on after a failed sync",
    file: sync,
    find: "    if (Number(busy) !== 0) throw cannotRecover(cause);\n",
    replace: "",
  },
  {
    bug: "sync: the log of a connection stays open",
    file: sync,
    find: "        logOf(writer)?.close();\n        // There",
    replace: "        // There",
  },
];

export const sharedSyncMutants: readonly Mutant[] = mutants.map((mutant) => ({
  ...mutant,
  guard: "tests/database/shared_sync.test.ts",
  timeoutMs: 60_000,
}));
