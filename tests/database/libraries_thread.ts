// Opens a database in a thread, says what comes of it, and closes it when told.
import { parentPort, workerData } from "node:worker_threads";
import { openDatabase } from "../../mod.ts";
import { driverFor } from "../helpers/databases.ts";
import { nativeDriver } from "../helpers/drivers.ts";

const { path, library } = workerData as { readonly path: string; readonly library: string };
const native = driverFor(nativeDriver);
const driver = library === "" ? native : { ...native, library };
try {
  const db = await openDatabase(path, { driver, onWarning: () => {} });
  parentPort!.once("message", async () => {
    await db.close();
    parentPort!.postMessage("closed");
  });
  parentPort!.postMessage("open");
} catch (error) {
  parentPort!.postMessage(String(error));
}
