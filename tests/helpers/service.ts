/** Starts examples that serve HTTP, each as a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import type { TestContext } from "node:test";

import { runtimeCommand } from "./runtime.ts";

export interface Service {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Starts a script that says where it is listening, and ends it with the test. */
export async function startService(
  t: TestContext,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<Service> {
  const [command, ...args] = runtimeCommand(script);
  const child = spawn(command, args, {
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  const listening = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      const [, url] = /Listening on (\S+)\n/.exec(output) ?? [];
      if (url !== undefined) listening.resolve(url);
    });
  }
  child.once("exit", () => listening.reject(new Error(`${script} ended: ${output}`)));
  return { url: await listening.promise, child };
}

/** Stops it as an operator would; resolves to its exit code. */
export async function stopService({ child }: Service): Promise<unknown> {
  const exited = once(child, "exit");
  // Not by its own kill(), which Deno takes for the end whatever the signal is.
  process.kill(child.pid!, "SIGTERM");
  const [code, signal] = await exited;
  return code ?? signal;
}

/** Resolves when nobody listens there any more. */
export async function untilRefused(url: string): Promise<void> {
  for (;;) {
    try {
      await (await fetch(url, { headers: { connection: "close" } })).text();
    } catch {
      return;
    }
  }
}
