// Opens hostile files and says what came of it, until it is done, hangs or crashes.
// Arguments: directory of the specimen, execution, how files are opened, seed, first number, end.
// Lines on stdout: a number, and the announcement before and the report after its file.
import { rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Database, type Execution, openDatabase, type Row } from "../../mod.ts";
import { SQLiteError, SQLitePoolError } from "../../mod.ts";
import { mutant } from "./mutations.ts";
import { readSpecimen } from "./specimen.ts";
import type { Announcement, FileReport, Opening, Step } from "./trial.ts";

const [directory, execution, opening, seed, first, end] = process.argv.slice(2);
/** What takes longer is answered by a QueryTimeoutError where statements can be left behind. */
const QUERY_TIMEOUT_MS = 1_000;

const specimen = readSpecimen(directory);

function say(number: number, what: Announcement | FileReport): void {
  writeSync(1, `${number} ${JSON.stringify(what)}\n`);
}

/** The code of an error; an error of another kind is a fault. */
function nameOf(error: unknown): string {
  if (error instanceof SQLiteError && /^SQLITE_[A-Z]+$/.test(error.code)) return error.code;
  if (error instanceof SQLitePoolError && !(error instanceof SQLiteError)) return error.name;
  const { stack = String(error) } = error as Error;
  return `untyped ${stack}`;
}

async function attempt<T>(steps: Step[], name: string, step: () => Promise<T>) {
  try {
    const result = await step();
    steps.push([name, "ok"]);
    return result;
  } catch (error) {
    steps.push([name, nameOf(error)]);
  }
}

const quoted = (name: unknown): string => `"${String(name).replaceAll('"', '""')}"`;

async function count(rows: AsyncIterable<Row>): Promise<number> {
  let n = 0;
  for await (const _ of rows) n += 1;
  return n;
}

async function use(db: Database, steps: Step[]): Promise<void> {
  const schema = await attempt(
    steps,
    "schema",
    () => db.all("SELECT type, name FROM sqlite_schema"),
  );
  for (const { type, name } of schema ?? []) {
    if (type !== "table" && type !== "view") continue;
    const sql = `SELECT * FROM ${quoted(name)}`;
    await attempt(steps, "read", () => db.all(sql));
    // The only reader is lost for good to a statement that never ends in its thread.
    if (execution === "worker" && steps.at(-1)![1] === "QueryTimeoutError") return;
    await attempt(steps, "iterate", () => count(db.iterate(sql)));
  }
  await attempt(steps, "describe", () => db.describe("SELECT * FROM people"));
  await attempt(steps, "check", () => db.values("PRAGMA integrity_check(10)"));
  await attempt(steps, "write", () => db.run("INSERT INTO journal VALUES ('written')"));
}

async function examine(path: string): Promise<FileReport> {
  const steps: Step[] = [];
  const open = (): Promise<Database> =>
    openDatabase(path, {
      [opening as Opening]: true,
      execution: execution as Execution,
      readers: 1,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      onWarning: () => {},
    });
  const db = await attempt(steps, "open", open);
  if (db === undefined) return steps;
  await use(db, steps);
  await attempt(steps, "close", () => db.close({ timeoutMs: 1_000 }));
  return steps;
}

for (let number = Number(first); number < Number(end); number++) {
  const { name, file, log, endless } = mutant(specimen, Number(seed), number);
  const path = join(directory, `${execution}-${opening}-${number}.db`);
  writeFileSync(path, file);
  if (log !== undefined) writeFileSync(`${path}-wal`, log);
  say(number, { name, endless });
  say(number, await examine(path));
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}
