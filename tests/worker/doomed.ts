// Makes the thread that imports it die when its time has come; see doomed_worker.ts.
import process from "node:process";
import { setTimeout } from "node:timers";
import { request } from "../../src/worker/wire/wire.ts";
import { type Doom, type Moment, MOMENTS } from "./doom.ts";

interface Threads {
  readonly workerData: { readonly doom?: Doom };
  readonly parentPort: { on(event: "message", listener: (message: unknown) => void): void };
}

const { workerData, parentPort } = process.getBuiltinModule("node:worker_threads") as Threads;
const { doom } = workerData;

function die({ moment, way, deaths }: Doom): void {
  Atomics.add(new Int32Array(deaths), MOMENTS.indexOf(moment), 1);
  if (way === "exit") process.exit(7);
  if (way === "throw") throw new Error("doomed");
  const hoard: number[][] = [];
  for (;;) hoard.push(new Array<number>(10_000).fill(hoard.length));
}

function isTheMoment(moment: Moment, message: unknown): boolean {
  if (moment === "before opening") return !Array.isArray(message);
  if (!Array.isArray(message)) return false;
  switch (moment) {
    case "before a statement":
      return message[0] < request.fetch;
    case "in a transaction":
      return message.includes("INSERT INTO pairs VALUES (?, 2)");
    case "in a cursor":
      return message[0] === request.fetch;
    case "before closing":
      return message.at(-1) === request.close;
    default:
      return false;
  }
}

if (doom !== undefined) {
  let patience = doom.patience;
  if (doom.moment === "loading") die(doom);
  // Before the listeners of the real script: requests are lost.
  parentPort.on("message", (message) => {
    if (isTheMoment(doom.moment, message) && patience-- === 0) die(doom);
  });
}

/** Called when the real script has its listeners: requests have been answered, or begun. */
export function watchAfterwards(): void {
  if (doom === undefined) return;
  let patience = doom.patience;
  parentPort.on("message", (message) => {
    const opened = !Array.isArray(message);
    if (doom.moment === "after opening" && opened) die(doom);
    if (opened || patience-- > 0) return;
    if (doom.moment === "after a statement") die(doom);
    if (doom.moment === "idle") setTimeout(() => die(doom), doom.patience);
  });
}
