// Runs on each runtime and reports what works there. Its argument is the URL of a libSQL server.

import process from "node:process";

import { factsHere } from "./places.ts";

console.log(JSON.stringify(await factsHere(process.argv[2])));
