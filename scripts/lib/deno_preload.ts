// Loaded before each test file on Deno, whose node:test passes a test that leaves an error or a
// rejection unhandled. Node and Bun fail it; here it is recorded, and the runner fails it.

import { appendFileSync } from "node:fs";
import process from "node:process";

interface UnhandledEvent {
  readonly error?: Error;
  readonly reason?: unknown;
}

function writeDown({ error, reason }: UnhandledEvent): void {
  const cause = error ?? reason;
  const text = cause instanceof Error ? cause.stack ?? cause.message : String(cause);
  appendFileSync(process.env.UNHANDLED_ERRORS!, `${text}\n`);
}

const target = globalThis as unknown as {
  addEventListener(type: string, listener: (event: UnhandledEvent) => void): void;
};
target.addEventListener("unhandledrejection", writeDown);
target.addEventListener("error", writeDown);
