import { fileMutants } from "./files.ts";
import type { Mutant } from "./mutant.ts";
import { outcomeMutants } from "./outcomes.ts";
import { poolMutants } from "./pool.ts";
import { processMutants } from "./process.ts";
import { sharedReadsMutants } from "./shared_reads.ts";
import { sharedSyncMutants } from "./shared_sync.ts";
import { workerMutants } from "./worker.ts";
import { writeLockMutants } from "./write_lock.ts";

export const mutants: readonly Mutant[] = [
  ...poolMutants,
  ...fileMutants,
  ...workerMutants,
  ...processMutants,
  ...writeLockMutants,
  ...sharedReadsMutants,
  ...sharedSyncMutants,
  ...outcomeMutants,
];
