// Tries a backup under a limit for the size of files, and says how it fails.
// Arguments: driver, execution, database, target.
import process from "node:process";
import { type Execution, openDatabase } from "../../mod.ts";
import { databaseDrivers } from "../helpers/database_drivers.ts";

const [name, execution, path, target] = process.argv.slice(2);
const { driver } = databaseDrivers.find((known) => known.name === name)!;
const db = await openDatabase(path, {
  driver,
  execution: execution as Execution,
  readonly: true,
  onWarning: () => {},
});
await db.backup(target).then(
  () => console.log("done"),
  ({ code, message }) => console.log("failed with", code ?? message),
);
await db.close();
