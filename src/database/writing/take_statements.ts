/**
 * Checks what a caller passes to `batch`, with little code: for servers and the edge.
 *
 * @module
 */

import { paramsOf, textOf } from "../../connections/query.ts";
import type { BatchStatement } from "./batch.ts";
import { describeValue } from "../../platform/describe.ts";
import { takeParams } from "../../sqlite/bind/take_params.ts";
import type { BindParams, RowFactory } from "../../sqlite/types.ts";

/** A statement of a batch, whatever the caller does with its parts meanwhile. */
export interface TakenStatement {
  readonly sql: string;
  readonly params: BindParams | undefined;
  readonly rowFactory: RowFactory<unknown> | undefined;
}

/**
 * Checks the shape of the statements and takes what they hold.
 *
 * @throws {TypeError} one of them is no statement; the message tells which and what to write.
 */
export function takeStatements(statements: unknown): TakenStatement[] {
  if (!Array.isArray(statements)) {
    throw new TypeError(
      `batch takes an array of { sql, params }; got ${describeValue(statements)}`,
    );
  }
  return statements.map((statement: BatchStatement<unknown>, index) => {
    const { sql, params, rowFactory, ...others } = Object(statement) as BatchStatement<unknown>;
    const [unknown] = Object.keys(others);
    if (sql === undefined || unknown !== undefined) {
      throw new TypeError(
        `Statement ${index} of the batch must be { sql, params }; got ` +
          (unknown === undefined || sql === undefined
            ? describeValue(statement)
            : `a key ${unknown}`),
      );
    }
    if (rowFactory !== undefined && typeof rowFactory !== "function") {
      throw new TypeError(
        `Statement ${index} of the batch: rowFactory must be a function; got ${
          describeValue(rowFactory)
        }`,
      );
    }
    return { sql: textOf(sql), params: takeParams(paramsOf(sql, params)), rowFactory };
  });
}
