/** Programs of writes, made of numbers. */

import type { TransactionMode } from "../../../mod.ts";
import type { Codes } from "../codes.ts";
import { decodeLoneStatement, decodeStatement, type Origin, type Statement } from "./statements.ts";

/** What is done with a connection, inside a callback or on a lease. */
export type Step =
  | { readonly do: "run"; readonly statement: Statement; readonly caught: boolean }
  /** In one turn of the event loop, then awaited. */
  | { readonly do: "together"; readonly statements: readonly Statement[]; readonly caught: boolean }
  | { readonly do: "transaction"; readonly body: Body; readonly caught: boolean }
  /** Transactions that overlap. */
  | { readonly do: "siblings"; readonly bodies: readonly Body[]; readonly caught: boolean }
  /** A transaction, and a statement that is none of its own at the same time. */
  | {
    readonly do: "beside";
    readonly body: Body;
    readonly statement: Statement;
    readonly caught: boolean;
  }
  /** Rows of RETURNING; the cursor is left before its end when `take` is less than they are. */
  | {
    readonly do: "iterate";
    readonly statement: Statement;
    readonly take: number;
    readonly closed: boolean;
    readonly caught: boolean;
  }
  | { readonly do: "control"; readonly how: Control; readonly caught: boolean }
  | { readonly do: "script"; readonly script: Script; readonly caught: boolean }
  /** Not awaited before the callback goes on. */
  | { readonly do: "unawaited"; readonly statement: Statement }
  | { readonly do: "pause"; readonly turns: number }
  | { readonly do: "throw"; readonly what: number }
  /** Calls the database from inside the callback. */
  | { readonly do: "reenter"; readonly statement: Statement }
  /** Aborts the call that the callback belongs to. */
  | { readonly do: "abort" };

export type Body = readonly Step[];

export const CONTROLS = [
  "begin()",
  "commit()",
  "rollback()",
  "BEGIN",
  "COMMIT",
  "ROLLBACK",
  "BEGIN IMMEDIATE",
  "END",
  "SAVEPOINT a",
  "RELEASE a",
  "ROLLBACK TO a",
] as const;
export type Control = (typeof CONTROLS)[number];

export interface Script {
  readonly statements: readonly Statement[];
  readonly form: "plain" | "BEGIN; ...; COMMIT" | "BEGIN; ...";
}

export interface Abort {
  /** "before": the signal is aborted when the call is made. */
  readonly when: "before" | "at once" | "microtasks" | "turns" | "timeout" | "when it ends";
  /** How many microtasks, turns or milliseconds. */
  readonly count: number;
}

export type Action =
  | { readonly do: "run"; readonly statement: Statement }
  | { readonly do: "batch"; readonly statements: readonly Statement[]; readonly control: boolean }
  | { readonly do: "transaction"; readonly body: Body; readonly mode: TransactionMode }
  | { readonly do: "script"; readonly script: Script }
  | { readonly do: "lease"; readonly body: Body };

/** What is waited for before the next call. */
export type Gap = "nothing" | "this call" | "all calls" | "microtasks" | "a turn";

export interface Call {
  readonly action: Action;
  readonly abort: Abort | undefined;
  readonly gap: Gap;
}

export type Program = readonly Call[];

/** What a place takes. */
export interface Abilities {
  readonly actions: readonly Action["do"][];
  /** Whether a callback may call the database it belongs to, to be refused. */
  readonly reenters: boolean;
  /** Whether a script that leaves a transaction open is an error; on a lease it is not. */
  readonly refusesOpenScripts: boolean;
  /** Whether values and parameters are checked before SQLite sees them. */
  readonly checks: boolean;
  /** One call in so many is aborted: a thread that is given up costs a new one. */
  readonly abortOneIn: number;
}

const MOST_CALLS = 7;
const MOST_IN_A_BURST = 120;
const MODES: readonly TransactionMode[] = ["immediate", "deferred", "exclusive"];
const DEEPEST = 2;
const GAPS: readonly Gap[] = [
  "this call",
  "nothing",
  "nothing",
  "all calls",
  "microtasks",
  "a turn",
];
const WHENS = ["at once", "before", "microtasks", "turns", "timeout", "when it ends"] as const;
const FORMS = ["plain", "plain", "BEGIN; ...; COMMIT", "BEGIN; ..."] as const;

export class ProgramDecoder {
  readonly #codes: Codes;
  readonly #abilities: Abilities;
  #tag: number;
  /** Text in a callback could end there what the holder of the lease has begun around it. */
  #onLease = false;

  constructor(codes: Codes, abilities: Abilities, firstTag: number) {
    this.#codes = codes;
    this.#abilities = abilities;
    this.#tag = firstTag;
  }

  /** The tag that no statement of the program has. */
  get nextTag(): number {
    return this.#tag;
  }

  program(): Program {
    const calls: Call[] = [];
    do calls.push(this.#call()); while (this.#codes.left && calls.length < MOST_CALLS);
    if (this.#codes.next(50) === 49) calls.push(...this.#burst());
    return calls;
  }

  /** Many writes in one turn. */
  #burst(): Call[] {
    return Array.from({ length: 1 + this.#codes.next(MOST_IN_A_BURST) }, () => {
      return { action: this.#action("run"), abort: undefined, gap: "nothing" };
    });
  }

  #call(): Call {
    const codes = this.#codes;
    this.#onLease = false;
    const gap = GAPS[codes.next(GAPS.length)];
    const { actions, abortOneIn } = this.#abilities;
    const action = this.#action(actions[codes.next(actions.length)]);
    const abort = codes.next(abortOneIn) === abortOneIn - 1
      ? { when: WHENS[codes.next(WHENS.length)], count: codes.next(8) }
      : undefined;
    return { action, abort, gap };
  }

  #action(kind: Action["do"]): Action {
    switch (kind) {
      case "run":
        return { do: "run", statement: decodeLoneStatement(this.#codes, this.#tag++, this.#from) };
      case "batch":
        return {
          do: "batch",
          statements: this.#statements(4, "batch"),
          control: this.#codes.next(16) === 15,
        };
      case "transaction":
        return { do: "transaction", mode: this.#mode(), body: this.#body(0) };
      case "script":
        return { do: "script", script: this.#script(this.#abilities.refusesOpenScripts) };
      case "lease":
        this.#onLease = true;
        return { do: "lease", body: this.#leaseBody() };
    }
  }

  #mode(): TransactionMode {
    return MODES[this.#codes.next(2 * MODES.length)] ?? "immediate";
  }

  get #from(): Origin {
    return this.#abilities.checks ? "call" : "unchecked call";
  }

  #statement(from: Origin = this.#from): Statement {
    return decodeStatement(this.#codes, this.#tag++, from);
  }

  #statements(most: number, from?: Origin): Statement[] {
    const count = 1 + this.#codes.next(most);
    return Array.from({ length: count }, () => this.#statement(from));
  }

  #script(mayLeaveOpen = true): Script {
    const forms = mayLeaveOpen ? FORMS.length : FORMS.length - 1;
    const form = FORMS[this.#codes.next(forms)];
    return { form, statements: this.#statements(3, "script") };
  }

  #body(depth: number): Body {
    const count = 1 + this.#codes.next(4);
    return Array.from({ length: count }, () => this.#step(depth));
  }

  #caught(): boolean {
    return this.#codes.next(3) > 0;
  }

  #step(depth: number): Step {
    const codes = this.#codes;
    const choice = codes.next(22);
    if (choice < 8) return { do: "run", statement: this.#statement(), caught: this.#caught() };
    if (choice < 10) {
      return { do: "together", statements: this.#statements(3), caught: this.#caught() };
    }
    if (choice < 12 && depth < DEEPEST) {
      return { do: "transaction", body: this.#body(depth + 1), caught: this.#caught() };
    }
    if (choice === 12 && depth < DEEPEST) {
      const bodies = [this.#body(DEEPEST), this.#body(DEEPEST)];
      return { do: "siblings", bodies, caught: this.#caught() };
    }
    if (choice === 13 && !this.#onLease) {
      // Inside a nested transaction the savepoint could be one that was made around it.
      const controls = depth === 0 ? CONTROLS : CONTROLS.filter((how) => !how.endsWith(" a"));
      return { do: "control", how: controls[codes.next(controls.length)], caught: this.#caught() };
    }
    if (choice === 14) return { do: "script", script: this.#script(), caught: this.#caught() };
    if (choice === 15) return { do: "throw", what: codes.next(6) };
    if (choice === 16 && this.#abilities.reenters) {
      return { do: "reenter", statement: this.#statement() };
    }
    if (choice === 17 && codes.next(this.#abilities.abortOneIn) === 0) return { do: "abort" };
    if (choice === 18) return { do: "unawaited", statement: this.#statement() };
    if (choice === 19 && this.#abilities.checks) return this.#iterate();
    if (choice === 20 && depth < DEEPEST) return this.#beside(this.#caught());
    return { do: "pause", turns: codes.next(3) };
  }

  #iterate(): Step {
    const choice = this.#codes.next(8);
    const statement = this.#statement("cursor");
    return {
      do: "iterate",
      statement,
      take: choice % 4,
      closed: choice < 6,
      caught: this.#caught(),
    };
  }

  #beside(caught: boolean): Step {
    return { do: "beside", body: this.#body(DEEPEST), statement: this.#statement(), caught };
  }

  /** On a lease transactions are begun and ended by hand. */
  #leaseBody(): Body {
    const count = 1 + this.#codes.next(8);
    return Array.from({ length: count }, (): Step => {
      const choice = this.#codes.next(13);
      if (choice === 12) return this.#beside(true);
      if (choice === 11 && this.#abilities.checks) return this.#iterate();
      if (choice === 10) {
        return { do: "siblings", bodies: [this.#body(DEEPEST), this.#body(DEEPEST)], caught: true };
      }
      if (choice < 4) return { do: "run", statement: this.#statement(), caught: true };
      if (choice < 8) {
        const how = CONTROLS[this.#codes.next(CONTROLS.length)];
        return { do: "control", how, caught: true };
      }
      if (choice === 8) return { do: "transaction", body: this.#body(1), caught: true };
      return { do: "script", script: this.#script(), caught: true };
    });
  }
}
