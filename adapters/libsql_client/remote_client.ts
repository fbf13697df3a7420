/**
 * Clients of @libsql/client that talk to a server, over HTTP or WebSocket.
 *
 * A server ends transactions that take too long, and so do some statements. The client does not
 * notice: what comes after would run outside of any transaction, and stay. So after every statement
 * that fails, the server is asked whether the transaction is still there.
 *
 * @module
 */

import { codeFromMessage } from "../../src/sqlite/message_codes.ts";
import { numberParameters } from "../../src/sqlite/bind/number_parameters.ts";
import { messageOf } from "../../src/platform/describe.ts";
import type { AsyncHandle, Outcome } from "../../src/driver/async_connection.ts";
import { ConnectionLostError } from "../../src/driver/errors.ts";
import { SQLitePoolError } from "../../src/pool/errors.ts";
import type { NulText } from "../../src/sqlite/bind.ts";
import { misuse, SQLiteError } from "../../src/sqlite/errors.ts";
import * as resultCode from "../../src/sqlite/result_codes.ts";
import type { Statement } from "../../src/sqlite/scan.ts";
import type { SQLiteValue } from "../../src/sqlite/types.ts";
import type { DriverLimit } from "../limits.ts";
import { asInteger } from "../native_values.ts";
import { read } from "../shape.ts";
import type { LibsqlClient, LibsqlTransaction } from "./handle.ts";
import { expectBigints, valuesOf } from "./result.ts";

/** What a client of a server cannot do. */
export const libsqlRemoteLimits: readonly DriverLimit[] = [
  ...["infinity", "negative-zero", "exclusive", "savepoint", "streaming", "readonly"] as const,
  ...["extended-codes", "error-codes", "interrupt"] as const,
];

const NOTHING: Outcome = { columns: [], rows: [], changes: 0, lastInsertRowid: 0 };

/** Codes of the client for a connection that broke. */
const BROKEN = /^HRANA_(WEBSOCKET|CLOSED|PROTO)_ERROR$/;
/** What a proxy answers whose server is away. */
const GATEWAY_STATUSES: readonly unknown[] = [502, 503, 504];
/** Codes for a transaction that the server has ended. */
const ENDED = /^(TRANSACTION_TIMEOUT|TRANSACTION_CLOSED|STREAM_EXPIRED)$/;
/** Nothing was sent. */
const REFUSED = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ConnectionRefused|FailedToOpenSocket/;

/** A client that talks to a server. */
export class RemoteClientHandle implements AsyncHandle {
  readonly raw: LibsqlClient;
  readonly nulText: NulText = "allowed";
  readonly inTransactionIsCertain: boolean = true;
  #transaction: LibsqlTransaction | undefined;
  /** "ended": the transaction is over although nobody ended it. */
  #state: "none" | "open" | "ended" = "none";
  #checked = false;

  /** @param raw The client. */
  constructor(raw: LibsqlClient) {
    this.raw = raw;
  }

  /** One that was ended counts as open until it is rolled back, so that nobody takes it for done. */
  get inTransaction(): boolean {
    return this.#state !== "none";
  }

  refuse(value: SQLiteValue): string | undefined {
    if (Object.is(value, -0)) return "is -0, which @libsql/client makes 0";
    return value === Infinity || value === -Infinity
      ? "is infinite, which @libsql/client does not take"
      : undefined;
  }

  async run(statement: Statement, values: SQLiteValue[]): Promise<Outcome> {
    if (!this.#checked) {
      await this.#ask(() => expectBigints(this.raw));
      this.#checked = true;
    }
    const { verb } = statement;
    if (this.#state === "ended") {
      if (verb !== "rollback") throw transactionEnded();
      this.#state = "none";
      return NOTHING;
    }
    if (this.#state === "none" && verb === "begin") return await this.#begin(statement);
    // The client closes the stream after each statement, which undoes what it left open.
    if (this.#state === "none" && verb === "savepoint") {
      throw misuse("a savepoint needs a transaction around it here");
    }
    return await this.#execute(statement, values.map(asInteger));
  }

  async close(): Promise<void> {
    this.#transaction?.close();
    this.raw.close();
  }

  resultCodeOf(error: unknown): number {
    // The code comes before what SQLite says, once or twice.
    const text = messageOf(error).replace(/^([A-Z_]+: )*(SQLite error: )?/, "");
    const exact = codeFromMessage(text);
    if (exact !== resultCode.ERROR) return exact;
    return resultCode.codeOfName(String(read(error, "code")));
  }

  async #begin({ text }: Statement): Promise<Outcome> {
    if (/exclusive/i.test(text)) {
      throw misuse("@libsql/client begins no exclusive transaction: use BEGIN IMMEDIATE");
    }
    const mode = /immediate/i.test(text) ? "write" : "deferred";
    await this.#ask(async () => {
      const transaction = await this.raw.transaction(mode);
      try {
        // The client sends BEGIN with the first statement.
        await transaction.execute({ sql: "SELECT 1", args: [] });
      } catch (error) {
        transaction.close();
        throw error;
      }
      this.#transaction = transaction;
    });
    this.#state = "open";
    return NOTHING;
  }

  async #execute(statement: Statement, args: SQLiteValue[]): Promise<Outcome> {
    const { verb } = statement;
    const target = this.#transaction ?? this.raw;
    const sql = numberParameters(statement);
    let result;
    try {
      result = await this.#ask(() => target.execute({ sql, args }));
    } catch (error) {
      if (this.#state === "open" && !await this.#isOpen(error)) {
        this.#leave("ended");
        if (ENDED.test(String(read(error, "code")))) throw transactionEnded(error);
      }
      throw error;
    }
    if (verb === "commit" || verb === "rollback") this.#leave("none");
    return {
      columns: result.columns,
      rows: result.rows.map(valuesOf),
      changes: result.rowsAffected,
      lastInsertRowid: result.lastInsertRowid ?? 0,
    };
  }

  /** Whether the transaction is still there after a statement has failed. */
  async #isOpen(error: unknown): Promise<boolean> {
    if (error instanceof ConnectionLostError || this.#transaction?.closed !== false) return false;
    try {
      await this.#transaction.execute({ sql: "BEGIN", args: [] });
      return false;
    } catch (refusal) {
      return /within a transaction/.test(messageOf(refusal));
    }
  }

  /** The server undoes what a stream leaves open. */
  #leave(state: "none" | "ended"): void {
    this.#transaction?.close();
    this.#transaction = undefined;
    this.#state = state;
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw lostIn(error) ?? error;
    }
  }
}

/** What is said when the server did not answer; `undefined` when it did. */
function lostIn(error: unknown): ConnectionLostError | undefined {
  if (error instanceof SQLitePoolError) return undefined;
  const cause = read(error, "cause");
  // Over HTTP, what fetch throws is passed on as it is.
  const hasAnswer = /^Libsql/.test(String(read(error, "name")));
  const isLost = !hasAnswer || BROKEN.test(String(read(error, "code"))) ||
    GATEWAY_STATUSES.includes(read(cause, "status"));
  if (!isLost) return undefined;
  const detail = `${read(error, "code")} ${messageOf(error)} ${read(cause, "code")}`;
  return new ConnectionLostError(`The server did not answer: ${messageOf(error)}`, {
    cause: error,
    mayHaveTakenEffect: !REFUSED.test(detail),
  });
}

function transactionEnded(cause?: unknown): SQLiteError {
  return new SQLiteError(
    "The transaction is over, and nothing of it is kept: the server ended it, because it took " +
      "too long while others waited, or a statement did, such as INSERT OR ROLLBACK.",
    resultCode.ABORT_ROLLBACK,
    cause === undefined ? undefined : { cause },
  );
}
