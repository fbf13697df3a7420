/**
 * One server: requests to it, and whether it is any use at the moment.
 *
 * @module
 */

import type { Clock, Environment } from "../../platform/clock.ts";
import { Backoff } from "../../pool/backoff.ts";
import { SQLitePoolError } from "../../pool/errors.ts";
import { failureOfFetch } from "./explain.ts";
import { RequestFailure } from "./request_failure.ts";
import { type Slots, slotsOf } from "./slots.ts";
import {
  CLOSE,
  encodeBatch,
  encodeStatement,
  encodeStep,
  indexIn,
  plain,
  ranHere,
  type WireReply,
} from "./wire.ts";

/** What `fetch` is, as far as it is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A token, or where it comes from: asked for each request, so that it can change. */
export type AuthToken = string | (() => string | Promise<string>);

/** The answer to a pipeline. */
export interface Reply {
  readonly baton: string | null;
  readonly results: readonly WireReply[];
}

/** What a server answered that was asked for next to nothing. */
export interface Probed {
  /** How far the log had got. */
  readonly index: number;
  /** Whether it was the server itself that answered: a replica that is behind asks the primary. */
  readonly isOwn: boolean;
}

/** What all servers of a database share. */
export interface Transport {
  readonly environment: Environment;
  readonly fetch: Fetch;
  readonly authToken: AuthToken | undefined;
  /** Limit for a probe, in milliseconds. */
  readonly probeMs: number;
}

/** The cheapest statement that needs a working server. */
const PROBE_STEP = encodeStep(encodeStatement(plain("SELECT 1 AS ok")));

/** As much of an answer as an error quotes. */
const QUOTED_LENGTH = 200;

/** What a header takes. Anything else would be quoted by the runtime's own error. */
const isToken = (value: unknown): value is string =>
  typeof value === "string" && /^[\x21-\x7e]+$/.test(value);

/** @throws {TypeError} when it is no token. It does not say what it is instead. */
export function checkToken(value: unknown): asserts value is string {
  if (isToken(value)) return;
  throw new TypeError(
    "authToken must be a text of printable ASCII characters without spaces, or a function that " +
      `returns one; got ${typeof value === "string" ? "another text" : `a ${typeof value}`}`,
  );
}

/** A libSQL server. */
export class Server {
  /** Without path, user or token: what errors and stats show. */
  readonly origin: string;
  readonly role: "primary" | "replica";
  /** Requests under way. */
  inFlight = 0;
  /** Requests sent, and those of them that failed as a whole. */
  requests = 0;
  failures = 0;
  #downSince: number | undefined;
  readonly #url: string;
  readonly #transport: Transport;
  readonly #slots: Slots;
  readonly #backoff: Backoff;
  readonly #onUp: (server: Server) => void;

  /** @param onUp called when a server that was down answers again. */
  constructor(
    url: URL,
    role: "primary" | "replica",
    transport: Transport,
    onUp: (server: Server) => void,
  ) {
    this.origin = url.origin;
    this.role = role;
    this.#url = `${url.origin}${url.pathname.replace(/\/+$/, "")}/v3/pipeline`;
    this.#transport = transport;
    this.#slots = slotsOf(url.origin, transport.environment);
    this.#backoff = new Backoff(transport.environment);
    this.#onUp = onUp;
  }

  get isUp(): boolean {
    return this.#downSince === undefined;
  }

  /** How long it has been down, in milliseconds. */
  get downMs(): number {
    return this.#downSince === undefined ? 0 : this.#clock.now() - this.#downSince;
  }

  get #clock(): Clock {
    return this.#transport.environment.clock;
  }

  /**
   * Sends requests that need a connection of their own for as long as they take.
   *
   * @throws {RequestFailure} when there is no answer to all of them together.
   */
  async send(requests: readonly string[], signal: AbortSignal): Promise<Reply> {
    const release = await this.holdSlot(signal);
    try {
      return await this.sendOn(null, requests, signal);
    } finally {
      release();
    }
  }

  /** Takes one of the connections that the server has for this process, until it is given back. */
  async holdSlot(signal: AbortSignal): Promise<() => void> {
    try {
      return await this.#slots.take(signal);
    } catch {
      throw new RequestFailure("refused", this.origin, "too many requests are under way");
    }
  }

  /** Sends requests on a stream whose slot the caller holds. */
  async sendOn(
    baton: string | null,
    requests: readonly string[],
    signal: AbortSignal,
  ): Promise<Reply> {
    this.inFlight += 1;
    this.requests += 1;
    try {
      const body = `{"baton":${JSON.stringify(baton)},"requests":[${requests.join(",")}]}`;
      const reply = await this.#post(body, signal);
      if (!this.isUp) this.#returned();
      return reply;
    } catch (error) {
      this.failures += 1;
      throw error;
    } finally {
      this.inFlight -= 1;
    }
  }

  /**
   * Asks for next to nothing.
   *
   * @param index what a replica must have got to before it answers.
   * @throws {RequestFailure} when it does not answer in time.
   */
  async probe(index: number = 0, timeoutMs: number = this.#transport.probeMs): Promise<Probed> {
    const control = new AbortController();
    const timer = this.#clock.schedule(() => control.abort(), timeoutMs, "keeps process alive");
    try {
      const batch = encodeBatch([PROBE_STEP], index);
      const { results } = await this.sendOn(null, [batch, CLOSE], control.signal);
      const [reply] = results;
      if (reply.type === "error") throw this.#failure("status", reply.error.message, 500);
      return { index: indexIn(results) ?? 0, isOwn: ranHere(results) };
    } finally {
      this.#clock.cancel(timer);
    }
  }

  /** Whether a probe succeeds. */
  isAnswering(): Promise<boolean> {
    return this.probe().then(() => true, () => false);
  }

  /** Takes it out of use until a probe succeeds. */
  markDown(): void {
    this.#downSince ??= this.#clock.now();
    this.#backoff.retry(() => void this.#revive());
  }

  /** Stops probing. */
  close(): void {
    this.#backoff.cancel();
  }

  async #revive(): Promise<void> {
    try {
      await this.probe();
    } catch {
      if (this.#downSince !== undefined) this.#backoff.retry(() => void this.#revive());
    }
  }

  /** Whatever it has answered: nobody may take it for away any longer. */
  #returned(): void {
    this.#downSince = undefined;
    this.#backoff.cancel();
    this.#backoff.reset();
    this.#onUp(this);
  }

  async #post(body: string, signal: AbortSignal): Promise<Reply> {
    const headers: Record<string, string> = {
      "content-type": "application/json",
      // The server compresses in thousands of tiny pieces, which takes longer than to send them.
      "accept-encoding": "identity",
    };
    const token = await this.#token();
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const { fetch } = this.#transport;
    let status: number;
    let text: string;
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers,
        body,
        signal,
        redirect: "manual",
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      if (signal.aborted) throw this.#failure("stuck", "it was not waited for any longer");
      throw await failureOfFetch(this.origin, error);
    }
    const answer = parse(text) as Partial<Reply> & { error?: unknown; message?: unknown };
    if (status === 200) {
      if (Array.isArray(answer.results)) return answer as Reply;
      throw this.#failure("foreign", "it answered with no results");
    }
    const said = answer.error ?? answer.message;
    const known = typeof said === "string";
    const isServer = known || status === 400 || status === 429 || status >= 500;
    const quoted = (known ? said : text).slice(0, QUOTED_LENGTH);
    const detail = token === undefined ? quoted : quoted.replaceAll(token, "[token]");
    throw this.#failure(isServer ? "status" : "foreign", detail || `HTTP status ${status}`, status);
  }

  async #token(): Promise<string | undefined> {
    const { authToken } = this.#transport;
    if (typeof authToken !== "function") return authToken;
    let token: unknown;
    try {
      token = await authToken();
    } catch (cause) {
      throw new SQLitePoolError("The function authToken failed; see the cause.", { cause });
    }
    checkToken(token);
    return token;
  }

  #failure(kind: RequestFailure["kind"], detail: string, status?: number): RequestFailure {
    return new RequestFailure(kind, this.origin, detail, status);
  }
}

function parse(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
