// What a database promises holds in threads too.
import { test } from "node:test";
import { databaseCases } from "./database_cases.ts";

for (const [name, run] of databaseCases) test(name, (t) => run(t, "worker"));
