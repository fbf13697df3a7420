/** Runs programs that fast-check makes of numbers in one place after the other. */

import process from "node:process";
import fc from "fast-check";
import { Codes } from "./codes.ts";

const LONGEST_SHRINKING_MS = 30_000;

/** Something wrong, and the program that led there. */
export class Broken extends Error {}

/** Where programs run one after the other. */
export interface Stage {
  readonly name: string;
  /** The share of all programs that run here. */
  readonly share: number;
  /** Runs one program; throws when something is not as it must be. */
  run(codes: Codes): Promise<void>;
  close(): Promise<void>;
}

export interface Campaign {
  /** Of the environment variables that choose programs: `<prefix>_PROGRAMS`, `_SEED`, `_PATH`, `_PLACE`. */
  readonly prefix: string;
  /** The test that starts it. */
  readonly test: string;
  readonly programs: number;
  readonly mostCodes: number;
}

/** Runs them all, and sets the exit code; true when nothing was wrong. */
export async function runCampaign(
  { prefix, test, programs, mostCodes }: Campaign,
  stages: readonly Stage[],
): Promise<boolean> {
  const option = (name: string): string | undefined => process.env[`${prefix}_${name}`];
  const seed = Number(option("SEED") ?? Date.now() % 2 ** 31);
  const place = option("PLACE");
  const chosen = stages.filter(({ name }) => place === undefined || name === place);
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  const wanted = Number(option("PROGRAMS") ?? programs);
  const lines: string[] = [];
  let failed = 0;
  for (const stage of chosen) {
    const startedAt = performance.now();
    const codes = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: mostCodes, size: "max" });
    let failedAt = Infinity;
    const property = fc.asyncProperty(codes, async (given) => {
      // Smaller programs are looked for, but not for ever: each that hangs takes its time.
      if (performance.now() - failedAt > LONGEST_SHRINKING_MS) return;
      try {
        await stage.run(new Codes(given));
      } catch (error) {
        failedAt = Math.min(failedAt, performance.now());
        throw error;
      }
    });
    const path = option("PATH");
    const result = await fc.check(property, {
      numRuns: Math.ceil(wanted * stage.share / shares),
      endOnFailure: option("SHRINK") === "no",
      seed,
      ...(path === undefined ? {} : { path }),
    });
    const tookMs = Math.round(performance.now() - startedAt);
    lines.push(`${result.numRuns} programs in "${stage.name}" (${tookMs} ms)`);
    if (result.failed) {
      failed += 1;
      console.log(textOf(result.errorInstance));
      console.log(`An invariant broke after ${result.numRuns} programs.`);
      console.log(
        `Replay: ${prefix}_SEED=${result.seed} ${prefix}_PATH=${result.counterexamplePath} ` +
          `${prefix}_PLACE="${stage.name}" npm test -- --runtime node26 --output ${test}`,
      );
    }
    await stage.close();
  }
  console.log(`${lines.join("\n")}\n(seed ${seed})`);
  if (failed > 0) process.exitCode = 1;
  return failed === 0;
}

/** An error with what is behind it. */
function textOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return String(error);
    const { message, stack, cause } = error;
    const own = error instanceof Broken ? message : stack ?? message;
    return cause === undefined ? own : `${own}\nBehind it: ${textOf(cause)}`;
  } catch {
    return "something that cannot be printed";
  }
}
