/**
 * What Prisma runs queries on: a database, or a connection in a transaction.
 *
 * @module
 */

import type { SqlQuery, SqlQueryable, SqlResultSet } from "@prisma/driver-adapter-utils";
import type { BindParams, ResultSet, RowFactory, SQLiteValue } from "../../mod.ts";
import { ColumnTypes, type Describer } from "../column_types.ts";
import { argumentOf, type TimestampFormat } from "./arguments.ts";
import { translated } from "./errors.ts";
import { resultOf } from "./results.ts";

/** The name under which Prisma reports the adapter. */
export const ADAPTER_NAME = "@sqlitepool/pool/prisma";

/** Runs statements, and tells what they are. */
export interface Target extends Describer {
  execute<T>(
    sql: string,
    params: BindParams,
    options: { readonly rowFactory: RowFactory<T> },
  ): Promise<ResultSet<T>>;
}

const asValues: RowFactory<SQLiteValue[]> = (values) => values;

/** Runs Prisma's queries. */
export class Queryable implements SqlQueryable {
  readonly provider = "sqlite";
  readonly adapterName: string = ADAPTER_NAME;
  readonly target: Target;
  readonly format: TimestampFormat;
  readonly types: ColumnTypes;

  /** @internal Adapters make it. */
  constructor(target: Target, format: TimestampFormat, types: ColumnTypes = new ColumnTypes()) {
    this.target = target;
    this.format = format;
    this.types = types;
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    const result = await this.#execute(query);
    this.types.note(query.sql);
    return resultOf(result, await this.types.of(this.target, query.sql, result.columns));
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    const { rowsAffected } = await this.#execute(query);
    this.types.note(query.sql);
    return rowsAffected;
  }

  #execute({ sql, args, argTypes }: SqlQuery): Promise<ResultSet<SQLiteValue[]>> {
    const params = args.map((value, index) => argumentOf(value, argTypes[index], this.format));
    return translated(this.target.execute(sql, params, { rowFactory: asValues }));
  }
}
