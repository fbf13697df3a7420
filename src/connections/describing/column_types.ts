/**
 * Results that tell the declared types of their columns.
 *
 * @module
 */

import { classify } from "../../sqlite/classify.ts";
import type { BindParams, ResultSet, RowOptions } from "../../sqlite/types.ts";
import { describeQuery } from "./describe_query.ts";
import type { Holder } from "../holder.ts";
import type { PhysicalConnection } from "../physical_connection.ts";
import { wholeResult } from "../query.ts";

/**
 * Runs a statement whose result tells the types of its columns. They are found out first, so that
 * nothing has happened where the driver cannot tell.
 */
export async function executeTyped<R>(
  holder: Holder<PhysicalConnection>,
  sql: string,
  params: BindParams | undefined,
  rows: RowOptions<R>,
): Promise<ResultSet<R>> {
  // What a PRAGMA gives has no types, and to prepare it twice may be once too often.
  const described = classify(sql).setting === undefined
    ? (await describeQuery(holder, sql)).columns
    : [];
  const result = await holder.value.run(holder, sql, params, rows, wholeResult);
  const columnTypes = result.columns.map((name, i) =>
    // Another process may have changed the schema meanwhile.
    described[i]?.name === name ? described[i].declaredType : undefined
  );
  return { ...result, columnTypes };
}
