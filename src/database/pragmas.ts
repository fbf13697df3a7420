/**
 * Connection setup. Everything is set explicitly on every connection, because the defaults of
 * drivers and builds differ.
 *
 * @module
 */

import { describeValue } from "../platform/describe.ts";
import { SQLitePoolError } from "../pool/errors.ts";
import type { Role } from "../connections/observation/operation.ts";
import { classify } from "../sqlite/classify.ts";
import { splitScript } from "../sqlite/scan.ts";

/** Whether commits wait for the disk. See https://sqlite.org/pragma.html#pragma_synchronous */
export type Durability = "normal" | "full";

/** Settings made by openDatabase; yours override its defaults. */
export interface Pragmas {
  /** Whether foreign keys are enforced. Default: true. */
  foreignKeys?: boolean;
  /** Page cache size: a positive number of pages or a negative number of KiB. Default: -16_000. */
  cacheSize?: number;
  /**
   * Bytes of the file to map into memory; 0 for none. Each commit by another connection unmaps the
   * file, which halves the speed of mixed loads. Default: 268_435_456 (256 MiB) with `readonly`,
   * otherwise 0.
   */
  mmapSize?: number;
  /** Where temporary tables are stored. Default: "memory". */
  tempStore?: "default" | "file" | "memory";
  /** Bytes to which the WAL is truncated after a checkpoint. Default: 67_108_864 (64 MiB). */
  journalSizeLimit?: number;
  /** Pages in the WAL that trigger a checkpoint; 0 for none. Default: 1_000, as in SQLite. */
  walAutocheckpoint?: number;
}

/**
 * Refuses statements that would take a database out of WAL mode: SQLite would find it locked by the
 * readers until the busy timeout expires.
 *
 * @throws {SQLitePoolError} for the first such statement of a script.
 */
export function refuseJournalMode(script: string): void {
  if (!/journal_mode/i.test(script)) return;
  for (const { text } of splitScript(script)) {
    if (classify(text).setting !== "journal_mode" || /\bwal\b/i.test(text)) continue;
    const [, schema = "main"] = /(\w+)\s*\.\s*journal_mode/i.exec(text) ?? [];
    if (schema.toLowerCase() !== "main") continue;
    throw new SQLitePoolError(
      "A database stays in WAL mode while openDatabase has it open: its readers need that. To " +
        "change the journal mode of the file, close the database and run the PRAGMA on the only " +
        "connection, such as that of a SQLiteConnectionPool with poolSize 1.",
    );
  }
}

/** What determines the statements. */
export interface PragmaContext {
  readonly role: Role;
  readonly durability: Durability;
  readonly untrusted: boolean;
  readonly inMemory: boolean;
  /** Whether this database is read-only. */
  readonly readonly: boolean;
}

const TEMP_STORES: readonly string[] = ["default", "file", "memory"];

type Rule = (name: string, value: unknown) => void;

const wholeNumber: Rule = (name, value) => {
  if (Number.isSafeInteger(value)) return;
  throw new TypeError(`pragmas.${name} must be a whole number; got ${describeValue(value)}`);
};

const RULES: Readonly<Record<keyof Pragmas, Rule>> = {
  foreignKeys(name, value) {
    if (typeof value === "boolean") return;
    throw new TypeError(`pragmas.${name} must be true or false; got ${describeValue(value)}`);
  },
  tempStore(name, value) {
    if (TEMP_STORES.includes(value as string)) return;
    const allowed = TEMP_STORES.map((store) => JSON.stringify(store)).join(", ");
    throw new TypeError(`pragmas.${name} must be one of ${allowed}; got ${describeValue(value)}`);
  },
  cacheSize: wholeNumber,
  mmapSize: wholeNumber,
  journalSizeLimit: wholeNumber,
  walAutocheckpoint: wholeNumber,
};

/** @throws {TypeError} for an unknown pragma or an invalid value, which the message names. */
export function checkPragmas(pragmas: Pragmas): void {
  for (const [name, value] of Object.entries(pragmas)) {
    if (!Object.hasOwn(RULES, name)) {
      throw new TypeError(
        `Unknown pragma ${JSON.stringify(name)}. The ones that can be set here are ` +
          `${Object.keys(RULES).join(", ")}; set others in onConnect.`,
      );
    }
    if (value !== undefined) RULES[name as keyof Pragmas](name, value);
  }
}

/** Returns the statements that set up a connection, in the order they must run. */
export function setUpStatements(
  pragmas: Pragmas,
  { role, durability, untrusted, inMemory, readonly }: PragmaContext,
): string[] {
  const {
    foreignKeys = true,
    cacheSize = -16_000,
    tempStore = "memory",
    journalSizeLimit = 64 * 2 ** 20,
    walAutocheckpoint = 1_000,
  } = pragmas;
  const { mmapSize = readonly ? 256 * 2 ** 20 : 0 } = pragmas;
  const statements: string[] = [];
  const set = (name: string, value: string | number): number =>
    statements.push(`PRAGMA ${name} = ${value}`);
  if (untrusted) {
    set("trusted_schema", "OFF");
    set("cell_size_check", "ON");
  }
  // The writer sets the journal mode before anyone reads.
  if (role === "writer" && !inMemory) {
    set("journal_mode", "WAL");
    set("journal_size_limit", journalSizeLimit);
    set("wal_autocheckpoint", walAutocheckpoint);
  }
  set("synchronous", durability.toUpperCase());
  set("foreign_keys", foreignKeys ? "ON" : "OFF");
  set("temp_store", tempStore.toUpperCase());
  set("cache_size", cacheSize);
  // If a mapped file is truncated or corrupted by others, the process crashes.
  set("mmap_size", untrusted ? 0 : mmapSize);
  set("query_only", role === "reader" ? "ON" : "OFF");
  return statements;
}

/** Settings that would harm the next user of a connection and that the setup does not set. */
const HARMFUL: readonly string[] = [
  "PRAGMA busy_timeout = 0",
  "PRAGMA ignore_check_constraints = OFF",
  "PRAGMA locking_mode = NORMAL",
  "PRAGMA writable_schema = OFF",
];

/** Returns the statements that restore the settings of a connection after they were changed. */
export function restoreStatements(setUp: readonly string[]): string[] {
  // The journal mode belongs to the file and cannot be changed while others have it open.
  return [...setUp.filter((statement) => nameOf(statement) !== "journal_mode"), ...HARMFUL];
}

/**
 * Returns the same statements with the current values of a connection, which a user's onConnect may
 * have chosen.
 *
 * @param read returns the value of a pragma for the statement that queries it.
 */
export async function currentSettings(
  restore: readonly string[],
  read: (query: string) => Promise<unknown>,
): Promise<string[]> {
  const statements: string[] = [];
  for (const statement of restore) {
    const name = nameOf(statement);
    const value = await read(`PRAGMA ${name}`);
    // A database in memory has no mmap_size.
    statements.push(value === undefined ? statement : `PRAGMA ${name} = ${value}`);
  }
  return statements;
}

function nameOf(statement: string): string | undefined {
  return /^PRAGMA (\w+)/.exec(statement)?.[1];
}
