/** A binding of D1 that counts what is sent to it, and can be told to fail or to stay silent. */

import type { D1Handle, D1PreparedStatement, D1Queries } from "../../../src/edge/d1.ts";

export interface Counted<H> {
  readonly handle: H;
  /** How many statements each request had, in their order. */
  readonly requests: number[];
  /** The texts that were sent. */
  readonly texts: string[];
  /** What happens instead of each request; nothing is sent then. */
  instead: (() => Promise<never>) | undefined;
}

/** The statements of a counted binding, by themselves. */
const originals = new WeakMap<D1PreparedStatement, [own: D1PreparedStatement, text: string]>();

export function counted(db: D1Handle): Counted<D1Handle> {
  const result = {
    requests: [] as number[],
    texts: [] as string[],
    instead: undefined as (() => Promise<never>) | undefined,
  };
  const send = <T>(texts: readonly string[], run: () => Promise<T>): Promise<T> => {
    result.requests.push(texts.length);
    result.texts.push(...texts);
    return result.instead === undefined ? run() : result.instead();
  };
  const wrap = (own: D1PreparedStatement, text: string): D1PreparedStatement => {
    const statement: D1PreparedStatement = {
      bind: (...values) => wrap(own.bind(...values), text),
      raw: (options) => send([text], () => own.raw(options)),
    };
    originals.set(statement, [own, text]);
    return statement;
  };
  const queries = (own: D1Queries): D1Queries => ({
    prepare: (text) => wrap(own.prepare(text), text),
    batch(statements) {
      const known = statements.map((statement) => originals.get(statement)!);
      return send(known.map(([, text]) => text), () => own.batch(known.map(([one]) => one)));
    },
  });
  const handle: D1Handle = {
    ...queries(db),
    withSession(constraint) {
      const session = db.withSession(constraint);
      return { ...queries(session), getBookmark: () => session.getBookmark() };
    },
  };
  return Object.assign(result, { handle });
}
