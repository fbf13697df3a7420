// What a database promises holds in processes too.
import { test } from "node:test";
import { databaseCases } from "../worker/database_cases.ts";

for (const [name, run] of databaseCases) test(name, (t) => run(t, "process"));
