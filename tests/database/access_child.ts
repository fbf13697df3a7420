// Opens a database, and says what comes of it.
// Arguments: "open" (as nobody, if root starts it) or "exhaust", path, options as JSON.
import process from "node:process";
import { openDatabase } from "../../mod.ts";

const [task, path, options] = process.argv.slice(2);

/** Root may write everything. */
async function becomeNobody(): Promise<void> {
  if (process.getuid?.() !== 0) return;
  // What is loaded on demand may be where nobody may look.
  await (await openDatabase(":memory:")).close();
  process.setgid!(65_534);
  process.setuid!(65_534);
}

async function open(): Promise<unknown> {
  await becomeNobody();
  const db = await openDatabase(path, { ...JSON.parse(options), onWarning: () => {} });
  const rows = await db.values("SELECT n FROM t");
  await db.close();
  return rows;
}

/** Takes readers until the process may open no more files. */
async function exhaust(): Promise<unknown> {
  const db = await openDatabase(path, { readers: 200, onWarning: () => {} });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  for (let i = 0; i < 200; i++) db.read(() => failed).catch(reject);
  await failed.catch(() => {});
  return failed;
}

const outcome = await (task === "open" ? open() : exhaust()).catch(({ message }) => message);
console.log(JSON.stringify(outcome));
process.exit(0);
