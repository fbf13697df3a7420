/** A client as `prisma generate` writes it: there is no other way to get one. */

import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import type { SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import { repositoryRoot } from "../../helpers/runtime.ts";

const SCHEMA = `
generator client {
  provider            = "prisma-client"
  output              = "./client"
  engineType          = "client"
  runtime             = "RUNTIME"
  importFileExtension = "ts"
}
datasource db {
  provider = "sqlite"
}
model User {
  id        Int       @id @default(autoincrement())
  name      String    @unique
  age       Int?
  score     Float?
  big       BigInt?
  price     Decimal?
  isAdmin   Boolean   @default(false)
  createdAt DateTime?
  avatar    Bytes?
  extra     Json?
  posts     Post[]
}
model Post {
  id     Int    @id @default(autoincrement())
  title  String
  userId Int
  user   User   @relation(fields: [userId], references: [id])
  tags   Tag[]
}
model Tag {
  id    Int    @id @default(autoincrement())
  name  String @unique
  posts Post[]
}
`;

/** The tables of the schema, as Prisma's migrations would make them. */
export const TABLES = `
  CREATE TABLE User (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, age INTEGER, score REAL,
    big BIGINT, price DECIMAL, isAdmin BOOLEAN NOT NULL DEFAULT false, createdAt DATETIME,
    avatar BLOB, extra JSONB
  );
  CREATE UNIQUE INDEX User_name_key ON User (name);
  CREATE TABLE Post (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL,
    userId INTEGER NOT NULL REFERENCES User (id) ON DELETE RESTRICT
  );
  CREATE TABLE Tag (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
  CREATE UNIQUE INDEX Tag_name_key ON Tag (name);
  CREATE TABLE _PostToTag (
    A INTEGER NOT NULL REFERENCES Post (id) ON DELETE CASCADE,
    B INTEGER NOT NULL REFERENCES Tag (id) ON DELETE CASCADE
  );
  CREATE UNIQUE INDEX _PostToTag_AB_unique ON _PostToTag (A, B);
`;

/** A row, as far as the tests look at it. */
export type Row = Record<string, unknown>;

/** A model of the client. */
export type Model = Readonly<
  & Record<
    "create" | "createManyAndReturn" | "update" | "upsert" | "delete" | "findUniqueOrThrow",
    (args: object) => PrismaPromise<Row>
  >
  & Record<
    "createMany" | "updateMany" | "deleteMany",
    (args?: object) => PrismaPromise<{ count: number }>
  >
  & Record<"findUnique" | "findFirst", (args?: object) => PrismaPromise<Row | null>>
  & Record<"findMany" | "groupBy", (args?: object) => PrismaPromise<Row[]>>
  & { count(args?: object): PrismaPromise<number>; aggregate(args: object): PrismaPromise<Row> }
>;

/** A query that runs when it is awaited. */
export type PrismaPromise<T> = Promise<T> & { readonly [Symbol.toStringTag]: "PrismaPromise" };

/** What the callback of a transaction gets. */
export interface Models {
  readonly user: Model;
  readonly post: Model;
  readonly tag: Model;
  $queryRawUnsafe(sql: string, ...values: unknown[]): PrismaPromise<Row[]>;
  $executeRawUnsafe(sql: string, ...values: unknown[]): PrismaPromise<number>;
}

/** The generated client. */
export interface Client extends Models {
  $transaction<T>(fn: (tx: Models) => Promise<T>, options?: object): Promise<T>;
  $transaction(queries: readonly PrismaPromise<unknown>[]): Promise<unknown[]>;
  $connect(): Promise<void>;
  $disconnect(): Promise<void>;
}

export type ClientClass = new (options: { readonly adapter: SqlDriverAdapterFactory }) => Client;

/** Generates a client for this runtime. It has to be below the packages that it imports. */
export async function generateClient(runtime: "nodejs" | "bun" | "deno"): Promise<ClientClass> {
  const directory = join(repositoryRoot, ".readme-blocks", `prisma-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const schema = join(directory, "schema.prisma");
  writeFileSync(schema, SCHEMA.replace("RUNTIME", runtime));
  // Generating needs no schema engine, but looks for one, and would download it.
  const engine = join(directory, "engine.sh");
  writeFileSync(engine, "#!/bin/sh\nexit 0\n");
  chmodSync(engine, 0o755);
  await promisify(execFile)(
    join(repositoryRoot, "node_modules/node26/bin/node"),
    [join(repositoryRoot, "node_modules/prisma/build/index.js"), "generate", "--schema", schema],
    { env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: engine, CHECKPOINT_DISABLE: "1" } },
  );
  const { PrismaClient } = await import(pathToFileURL(join(directory, "client/client.ts")).href);
  return PrismaClient;
}
