// Runs random calls whose callbacks throw, reject, never settle or call back; started by
// callbacks.test.ts, in a process of its own, so that an unhandled rejection is seen.
import process from "node:process";
import { inspect } from "node:util";
import { Broken, runCampaign, type Stage } from "../campaign.ts";
import type { Codes } from "../codes.ts";
import { inTime, untilIdle } from "../turns.ts";
import { CallbackPerformance, tookLong } from "./perform.ts";
import { CALLBACK_PLACES, type CallbackPlace, type CallbackPlaceKind, Caller } from "./places.ts";
import { decodeCallbackProgram, showCallbackProgram } from "./program.ts";

const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));
process.on("uncaughtException", (error) => unhandled.push(error));

let reported = 0;
// As the console does: what a callback has thrown may throw again when it is printed.
console.error = (...args: unknown[]) => {
  reported += 1;
  for (const argument of args) inspect(argument);
};

class CallbackStage implements Stage {
  readonly name: string;
  readonly share: number;
  readonly #kind: CallbackPlaceKind;
  #caller = new Caller();
  #place: CallbackPlace | undefined;
  #programs = 0;

  constructor(kind: CallbackPlaceKind) {
    this.name = kind.name;
    this.share = kind.share;
    this.#kind = kind;
  }

  async run(codes: Codes): Promise<void> {
    unhandled.length = 0;
    const { abilities, limitsCallbacks, programsEach } = this.#kind;
    const place = this.#place ??= await this.#open();
    const program = decodeCallbackProgram(codes, abilities);
    try {
      const performance = new CallbackPerformance(place, this.#caller, limitsCallbacks);
      await inTime(performance.perform(program), () => "The program");
      await this.#checkSound(place);
      if (++this.#programs % programsEach > 0) return;
      this.#place = undefined;
      await inTime(place.close(), () => "close()");
    } catch (error) {
      this.#place = undefined;
      this.#caller.begin({});
      void place.close().catch(() => {});
      const { message, cause } = error as Error;
      const text = `${message}\nIn: ${this.name}\nProgram:\n${showCallbackProgram(program)}`;
      throw new Broken(text, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#place?.close();
  }

  #open(): Promise<CallbackPlace> {
    return inSpiteOfLoad(() => {
      this.#caller = new Caller();
      return this.#kind.open(this.#caller);
    });
  }

  /** Whatever has happened: nothing is in use, and everything can be used. */
  async #checkSound(place: CallbackPlace): Promise<void> {
    this.#caller.begin({});
    await untilIdle(() => place.busy());
    const write = inSpiteOfLoad(() => place.run("INSERT INTO t VALUES (2)"));
    await inTime(write, () => "A write afterwards");
    await inTime(inSpiteOfLoad(() => place.takeAll()), () => "The wait for every connection");
    if (unhandled.length > 0) throw new Error("Unhandled", { cause: unhandled[0] });
  }
}

async function inSpiteOfLoad<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!tookLong(error)) throw error;
    }
  }
}

const campaign = {
  prefix: "CALLBACK",
  test: "tests/model/callbacks.test.ts",
  programs: 1_000,
  mostCodes: 30,
};
await runCampaign(campaign, CALLBACK_PLACES.map((kind) => new CallbackStage(kind)));
console.log(`${reported} reports of callbacks`);
