// Runs random programs of writes on real databases, and compares what is in the file with what
// the calls reported; started by outcomes.test.ts, in a process of its own, because node:test
// watches every promise.
import process from "node:process";
import { OutcomeUnknownError } from "../../../mod.ts";
import { Broken, runCampaign, type Stage } from "../campaign.ts";
import type { Codes } from "../codes.ts";
import { inTime } from "../turns.ts";
import { isUnknown } from "./expectation.ts";
import { Performance } from "./perform.ts";
import { cleanUp, type Place, type PlaceKind, PLACES } from "./places.ts";
import { type Program, ProgramDecoder } from "./program.ts";
import { showProgram } from "./show.ts";
import { judge, seenIn } from "./verdict.ts";

const CLEAN_UP_EVERY = 50;

/** What a model that gets anywhere has seen. */
const EVENTS: readonly string[] = [
  "run resolved",
  "run rejected",
  "batch resolved",
  "batch rejected",
  "transaction resolved",
  "transaction rejected",
  "script resolved",
  "script rejected",
  "lease resolved",
];

const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));
const seen = new Set<string>();

/** A place that programs run in one after the other. */
class OutcomeStage implements Stage {
  readonly name: string;
  readonly share: number;
  readonly #kind: PlaceKind;
  #place: Place | undefined;
  #nextTag = 1;
  #programs = 0;
  /** Statements of earlier programs that may still come. */
  readonly #late = new Set<number>();

  constructor(kind: PlaceKind) {
    this.name = kind.name;
    this.share = kind.share;
    this.#kind = kind;
  }

  async run(codes: Codes): Promise<void> {
    unhandled.length = 0;
    const place = this.#place ??= await this.#kind.open();
    const decoder = new ProgramDecoder(codes, this.#kind.abilities, this.#nextTag);
    const program = decoder.program();
    this.#nextTag = decoder.nextTag;
    try {
      await this.#perform(place, program);
    } catch (error) {
      // The next program gets a sound place.
      this.#place = undefined;
      this.#late.clear();
      void place.close().catch(() => {});
      const { message, cause } = error as Error;
      throw new Broken(`${message}\nIn: ${this.name}\nProgram:\n${showProgram(program)}`, {
        cause,
      });
    }
  }

  async close(): Promise<void> {
    await this.#place?.close();
  }

  async #perform(place: Place, program: Program): Promise<void> {
    const before = (await place.rows(1)).at(-1)?.id ?? 1;
    const performance = new Performance(place);
    await inTime(performance.perform(program), () => `Call ${performance.open.join(" and ")}`);
    // Whatever has happened, the next one can write.
    const write = place.run("UPDATE t SET v = NULL WHERE id = 1").catch((error) => {
      // It may be the one whose sync fails.
      if (this.#kind.losesSyncs !== true || !(error instanceof OutcomeUnknownError)) throw error;
    });
    await inTime(write, () => "A write afterwards");
    if (unhandled.length > 0) throw new Error("Unhandled rejection", { cause: unhandled[0] });
    const { reports } = performance;
    const stored = (await place.rows(before)).filter(({ tag }) => !this.#late.has(tag));
    judge(reports, stored, await place.copies(), this.#kind);
    const busy = place.busy();
    if (busy !== undefined && !this.#kind.inThread) throw new Error(`Still busy: ${busy}`);
    for (const report of reports) {
      const { action } = report.call;
      if (action.do === "run" && isUnknown(report)) {
        this.#late.add(action.statement.tag);
      }
    }
    for (const event of seenIn(reports)) seen.add(event);
    if (++this.#programs % CLEAN_UP_EVERY === 0) await cleanUp(place);
  }
}

const campaign = {
  prefix: "OUTCOME",
  test: "tests/model/outcomes.test.ts",
  programs: 20_000,
  mostCodes: 60,
};
const sound = await runCampaign(campaign, PLACES.map((kind) => new OutcomeStage(kind)));

// A model that never gets anywhere would find nothing either.
const { OUTCOME_PATH, OUTCOME_PLACE } = process.env;
if (sound && OUTCOME_PATH === undefined && OUTCOME_PLACE === undefined) {
  const unseen = EVENTS.filter((event) => !seen.has(event));
  if (unseen.length > 0) {
    console.log(`No program led to: ${unseen.join(", ")}`);
    process.exitCode = 1;
  }
}
