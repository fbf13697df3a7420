import type { Mutant } from "./mutant.ts";
import { poolMutants } from "./pool.ts";

export const mutants: readonly Mutant[] = [...poolMutants];
