/** What the apps of this folder serve: accounts, and transfers between them. Knows no framework. */

import { type Connection, type Database, openDatabase, sql } from "@sqlitepool/pool";

export interface Account {
  readonly name: string;
  readonly balance: number;
}

export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

/** A request that the bank turns down; its message is for the client. */
export class Refused extends Error {
  readonly status = 409;
}

export async function openBank(path: string): Promise<Database> {
  const db = await openDatabase(path);
  await db.run(
    "CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT",
  );
  return db;
}

export function accounts(db: Pick<Connection, "all">): Promise<Account[]> {
  return db.all<Account>("SELECT name, balance FROM accounts ORDER BY name");
}

export async function openAccount(
  db: Pick<Connection, "run">,
  { name, balance }: Account,
): Promise<Account> {
  const { rows: [account] } = await db.run<Account>(
    sql`INSERT INTO accounts VALUES (${name}, ${balance}) ON CONFLICT DO NOTHING RETURNING *`,
  );
  if (account === undefined) throw new Refused(`There is an account ${name} already`);
  return account;
}

/** Returns the payer's account. It may throw halfway: the transaction around it undoes the rest. */
export async function transfer(tx: Connection, { from, to, amount }: Transfer): Promise<Account> {
  const payee = await move(tx, to, amount);
  const payer = await move(tx, from, -amount);
  if (payee === undefined || payer === undefined) throw new Refused("There is no such account");
  if (amount <= 0 || payer.balance < 0) throw new Refused(`${from} cannot pay ${amount}`);
  return payer;
}

function move(tx: Connection, name: string, amount: number): Promise<Account | undefined> {
  return tx.get<Account>(
    sql`UPDATE accounts SET balance = balance + ${amount} WHERE name = ${name} RETURNING *`,
  );
}

/** All accounts as lines of JSON. Holds a reader until its loop ends, also when it breaks. */
export async function* accountLines(db: Database): AsyncGenerator<string, void> {
  const query = "SELECT name, balance FROM accounts ORDER BY name";
  for await (const account of db.iterate<Account>(query)) yield `${JSON.stringify(account)}\n`;
}

/** How many connections are in use, for monitoring. */
export function inUse({ stats }: Database): { readers: number; writer: number } {
  return { readers: stats.readers.inUse, writer: stats.writer?.inUse ?? 0 };
}
