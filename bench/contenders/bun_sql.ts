/** Bun.SQL with its SQLite adapter, which has one connection. */

import { AbsentError, type Call, type Open, pragmasOf } from "./contender.ts";

interface Tag {
  (strings: TemplateStringsArray, ...values: unknown[]): Promise<unknown[]>;
  unsafe(sql: string): Promise<unknown[]>;
}

interface BunSql extends Tag {
  begin(work: (tx: Tag) => Promise<unknown>): Promise<unknown>;
  close(): Promise<void>;
}

const { Bun } = globalThis as {
  Bun?: { SQL: new (options: { adapter: "sqlite"; filename: string }) => BunSql };
};

/** What a tagged template in a program would be: the same strings for each call. */
const templates = new Map<string, TemplateStringsArray>();

export function templateOf(sql: string): TemplateStringsArray {
  const known = templates.get(sql);
  if (known !== undefined) return known;
  const parts = sql.split("?");
  // Not enumerable, as in the object that an engine makes of a template.
  const raw = { value: Object.freeze([...parts]) };
  const strings = Object.freeze(Object.defineProperty(parts, "raw", raw));
  templates.set(sql, strings as unknown as TemplateStringsArray);
  return strings as unknown as TemplateStringsArray;
}

export const open: Open = async (options) => {
  if (Bun === undefined) throw new AbsentError("part of Bun only");
  const sql = new Bun.SQL({ adapter: "sqlite", filename: options.path });
  for (const pragma of pragmasOf(options)) await sql.unsafe(pragma);
  const all = (text: string): Call => {
    const strings = templateOf(text);
    return (params) => sql(strings, ...params);
  };
  return {
    get: (text) => {
      const strings = templateOf(text);
      return async (params) => (await sql(strings, ...params))[0];
    },
    all,
    run: all,
    batch: (statements) =>
      sql.begin(async (tx) => {
        for (const { sql: text, params } of statements) await tx(templateOf(text), ...params);
      }),
    transaction: (work) =>
      sql.begin((tx) =>
        work({
          get: async (text, params) => (await tx(templateOf(text), ...params))[0],
          run: (text, params) => tx(templateOf(text), ...params),
        })
      ),
    close: () => sql.close(),
  };
};
