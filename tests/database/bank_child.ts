// Moves money between accounts from 64 tasks while readers sum it up. Two of these run at once.
// Arguments: path, transfers. One line of JSON on stdout at the end.
import process from "node:process";
import { openDatabase } from "../../mod.ts";

const TASKS = 64;
const ACCOUNTS = 100;
const TOTAL = 100_000;

const [path, transfers] = process.argv.slice(2);
const db = await openDatabase(path, { readers: 4, busyTimeoutMs: 60_000 });
let left = Number(transfers);
let errors = 0;
let firstError = "";
let sums = 0;
let wrongSums = 0;

const note = (error: unknown): void => {
  errors += 1;
  firstError ||= String(error);
};

async function mover(): Promise<void> {
  while (left-- > 0) {
    const from = Math.floor(Math.random() * ACCOUNTS);
    const to = (from + 1 + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS;
    await db.write(async (tx) => {
      const account = await tx.get<{ balance: number }>(
        "SELECT balance FROM accounts WHERE id = ?",
        [from],
      );
      const amount = Math.min(account!.balance, 1 + Math.floor(Math.random() * 50));
      await tx.run("UPDATE accounts SET balance = balance - ? WHERE id = ?", [amount, from]);
      await tx.run("UPDATE accounts SET balance = balance + ? WHERE id = ?", [amount, to]);
    }).catch(note);
  }
}

async function auditor(): Promise<void> {
  while (left > 0) {
    await db.read(async (snapshot) => {
      const halves = await Promise.all([
        snapshot.values("SELECT sum(balance) FROM accounts WHERE id % 2 = 0"),
        snapshot.values("SELECT sum(balance) FROM accounts WHERE id % 2 = 1"),
      ]);
      const sum = halves.reduce((total, [[half]]) => total + Number(half), 0);
      sums += 1;
      if (sum !== TOTAL) wrongSums += 1;
    }).catch(note);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** How late a ticker of 1 ms comes, which works alike on every runtime. */
function watchLoop(): () => number {
  const delays: number[] = [];
  let expected = performance.now() + 1;
  const timer = setInterval(() => {
    const now = performance.now();
    delays.push(Math.max(0, now - expected));
    expected = now + 1;
  }, 1);
  return () => {
    clearInterval(timer);
    delays.sort((a, b) => a - b);
    return delays[Math.floor(delays.length * 0.99)] ?? 0;
  };
}

const loopDelay = watchLoop();
await Promise.all([...Array.from({ length: TASKS }, mover), auditor(), auditor()]);
const p99LoopDelayMs = loopDelay();
const { busyRetries = 0 } = db.stats.writer ?? {};
await db.close();
console.log(JSON.stringify({ errors, firstError, sums, wrongSums, p99LoopDelayMs, busyRetries }));
