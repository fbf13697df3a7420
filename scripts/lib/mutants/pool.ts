// Known bugs of connection pools, each as a change to one place of src/pool.

import type { Mutant } from "./mutant.ts";

/** A mutant with the names of files in src/pool and tests/pool. */
type PoolMutant = Omit<Mutant, "guard"> & {
  /** Default: the model of the pool. */
  readonly guard?: string;
};

const queue: readonly PoolMutant[] = [
  {
    bug: "a waiter that gave up stays in the queue",
    file: "wait_queue.ts",
    find: "this.queue?.remove(this);",
    replace: "",
  },
  {
    bug: "the last to come is served first",
    file: "wait_queue.ts",
    find: "return this.#head;",
    replace: "return this.#tail;",
  },
  {
    bug: "newcomers overtake those who wait",
    file: "wait_queue.ts",
    find: "waiter.previous = this.#tail;\n    if (this.#tail === undefined) this.#head = waiter;",
    replace: "const tail = this.#tail;\n    if (tail?.previous !== undefined) {\n" +
      "      waiter.previous = tail.previous;\n      waiter.next = tail;\n" +
      "      tail.previous.next = waiter;\n      tail.previous = waiter;\n" +
      "      this.#size += 1;\n      return;\n    }\n" +
      "    waiter.previous = tail;\n    if (this.#tail === undefined) this.#head = waiter;",
  },
  {
    bug: "a waiter settles twice: it accepts without ever refusing",
    file: "wait_queue.ts",
    find: 'if (this.#settled === "yes") return false;\n    this.#settled = "yes";\n' +
      "    this.queue?.serve(this, now);",
    replace: 'this.#settled = "yes";\n    this.queue?.serve(this, now);',
    guard: "wait_queue.test.ts",
  },
  {
    bug: "the timer for deadlines stays when nobody waits any more",
    file: "wait_queue.ts",
    find: "this.#clock.cancel(this.#timer);\n      this.#timerDueAt = Infinity;",
    replace: "this.#timerDueAt = Infinity;",
    guard: "wait_queue.test.ts",
  },
  {
    bug: "a deadline that is not the first is forgotten",
    file: "wait_queue.ts",
    find: "this.#lookAgainBy(next);",
    replace: "",
    guard: "timeouts.test.ts",
  },
  {
    bug: "the abort listener of a waiter that was served stays",
    file: "wait_queue.ts",
    find: "waiter.stopListening?.();",
    replace: "",
  },
  {
    bug: "an abort while the step for the waiter is started goes unnoticed",
    file: "wait_queue.ts",
    find: "if (signal.aborted) this.#abort(waiter, signal);",
    replace: "",
    guard: "aborts.test.ts",
  },
  {
    bug: "the hook that announces a hand-off runs before it",
    file: "pool.ts",
    find: "waiter.take(now);\n    this.#announceLoan(now - waiter.since);",
    replace: "this.#announceLoan(now - waiter.since);\n    waiter.take(now);",
    guard: "hand_off.test.ts",
  },
  {
    bug: "one waiter more than maxWaiting may wait",
    file: "wait_queue.ts",
    find: "if (this.#size >= maxWaiting",
    replace: "if (this.#size > maxWaiting",
    guard: "wait_queue.test.ts",
  },
  {
    bug: "a deadline whose wording throws takes the others along",
    file: "wait_queue.ts",
    find: "try {\n    error = makeError();\n  } catch (failure) {\n    error = failure;\n  }",
    replace: "error = makeError();",
    guard: "wait_queue.test.ts",
  },
  {
    bug: "a signal that cannot be told to stop breaks a hand-off",
    file: "abort.ts",
    find: "} catch {\n      // The wait is over",
    replace: "} catch (error) {\n      throw error;\n      // The wait is over",
    guard: "wait_queue.test.ts",
  },
  {
    bug: "timeouts are not counted",
    file: "wait_queue.ts",
    find: "this.#options.counters.timeouts += 1;",
    replace: "",
    guard: "stats.test.ts",
  },
  {
    bug: "a pending deadline lets the process exit",
    file: "wait_queue.ts",
    find: '"keeps process alive"',
    replace: '"lets process exit"',
    guard: "exit.test.ts",
  },
];

const slots: readonly PoolMutant[] = [
  {
    bug: "a resource that is being closed takes no slot",
    file: "pool.ts",
    find: "if (this.#resources.size >= this.#options.poolSize) return false;",
    replace: "if (this.#resources.size - this.#closing >= this.#options.poolSize) return false;",
  },
  {
    bug: "what was opened is dropped when its requester gave up",
    file: "pool.ts",
    find: 'notify("onOpen", this.hooks.onOpen, { openMs });\n    this.#deliver(resource, now);',
    replace: "if (this.#waiters.size > 0 || this.closed) this.#deliver(resource, now);",
  },
  {
    bug: "a failed open costs a slot",
    file: "pool.ts",
    find: "this.#lastOpenError = cause;\n    this.#forget(resource);",
    replace: "this.#lastOpenError = cause;",
  },
  {
    bug: "a failed open fails everybody who waits",
    file: "pool.ts",
    find: "this.#waiters.first?.fail(openFailed(this.#options.name, cause));",
    replace: "this.#waiters.failAll(() => openFailed(this.#options.name, cause));",
    guard: "opening.test.ts",
  },
  {
    bug: "a failed close costs a slot",
    file: "pool.ts",
    find: "this.#closing -= 1;\n        this.#forget(resource);",
    replace: "this.#closing -= 1;\n        if (outcome.ok) this.#forget(resource);",
  },
  {
    bug: "nobody is served when a slot becomes free",
    file: "pool.ts",
    find: "this.#forget(resource);\n        this.#refill();",
    replace: "this.#forget(resource);",
  },
  {
    bug: "nobody is served when one resource has to go and another slot is free",
    file: "pool.ts",
    find: "// A waiter may have relied on this resource although another slot is free.\n" +
      "    this.#refill();",
    replace: "",
  },
  {
    bug: "a resource that is being closed counts as too many",
    file: "pool.ts",
    find: "return this.#resources.size - this.#closing - this.#options.poolSize;",
    replace: "return this.#resources.size - this.#options.poolSize;",
    guard: "resize.test.ts",
  },
  {
    bug: "a pool that grows serves nobody",
    file: "pool.ts",
    find: '"resized");\n    }\n    this.#refill();',
    replace: '"resized");\n    }',
  },
  {
    bug: "a pool that shrinks takes back what is too many",
    file: "pool.ts",
    find: 'if (this.#excess() > 0) return "resized";',
    replace: "",
    guard: "resize.test.ts",
  },
  {
    bug: "a step that hangs is waited for without limit",
    file: "step.ts",
    find: 'timeoutMs,\n    "keeps process alive",',
    replace: 'Infinity,\n    "keeps process alive",',
    guard: "product.test.ts",
  },
  {
    bug: "what an open brings after its time limit is never closed",
    file: "step.ts",
    find: ": late(value),",
    replace: ": undefined,",
  },
];

const resources: readonly PoolMutant[] = [
  {
    bug: "idle resources are reused first in, first out",
    file: "idle_stack.ts",
    find: "return this.#stack.pop();",
    replace: "return this.#stack.shift();",
  },
  {
    bug: "a released lease stays valid",
    file: "pool.ts",
    find: 'resource.state = "resetting";\n    resource.leaseId += 1;',
    replace: 'resource.state = "resetting";',
  },
  {
    bug: "a failed reset is ignored",
    file: "pool.ts",
    find: 'else this.#destroy(resource, "reset", outcome.error);',
    replace: "else this.#deliver(resource, now);",
  },
  {
    bug: "a reset that throws is ignored",
    file: "pool.ts",
    find: 'return this.#destroy(resource, "reset", error);',
    replace: "return this.#deliver(resource, now);",
  },
  {
    bug: "no resource is ever checked",
    file: "idle_stack.ts",
    find: "return now >= this.#checkDueAt(resource);",
    replace: "return false;",
  },
  {
    bug: "a failed check is ignored",
    file: "pool.ts",
    find: 'else this.#destroy(resource, "invalid", outcome.error);',
    replace: "else this.#deliver(resource, now);",
  },
  {
    bug: "a resource is used once more than maxUses",
    file: "pool.ts",
    find: "if (resource.uses >= this.#options.maxUses)",
    replace: "if (resource.uses > this.#options.maxUses)",
  },
  {
    bug: "an expired resource is handed out",
    file: "pool.ts",
    find: "now < resource.fitUntil && ",
    replace: "",
    guard: "borrowing.test.ts",
  },
  {
    bug: "a broken resource is handed out",
    file: "pool.ts",
    find: " && !this.#isBroken(resource)",
    replace: "",
    guard: "borrowing.test.ts",
  },
  {
    bug: "an expired resource is handed to those who wait",
    file: "pool.ts",
    find: "if (reason !== undefined) this.#destroy(resource, reason);\n    else if",
    replace: "if",
    guard: "retirement.test.ts",
  },
  {
    bug: "an idle resource counts as fit until it is retired, however long unchecked",
    file: "idle_stack.ts",
    find: "resource.fitUntil = Math.min(retiredAt, this.#checkDueAt(resource));",
    replace: "resource.fitUntil = retiredAt;",
  },
  {
    bug: "what was borrowed and given back is used more often than maxUses",
    file: "pool.ts",
    find:
      "if (reason !== undefined) return this.#destroy(resource, reason);\n    resource.idleSince",
    replace: "resource.idleSince",
  },
  {
    bug: "the idle time does not begin anew when a resource is given back",
    file: "pool.ts",
    find: "resource.idleSince = now;\n    this.#offer(resource, now);",
    replace: "this.#offer(resource, now);",
    guard: "borrowing.test.ts",
  },
  {
    bug: "what is given back passes by those who wait",
    file: "pool.ts",
    find: "if (waiter === undefined) return",
    replace: 'if (waiter === undefined || resource.state === "resetting") return',
  },
  {
    bug: "those who use what they are handed on the spot are served one inside the other",
    file: "pool.ts",
    find: "if (this.#returned === undefined) return",
    replace: "return",
    guard: "hand_off.test.ts",
  },
  {
    bug: "what failed for one who waits is lost to the next",
    file: "pool.ts",
    find: "    } catch (error) {\n      waiter.fail(error);\n    }",
    replace: "    } finally {\n      // Nothing.\n    }",
    guard: "hand_off.test.ts",
  },
  {
    bug: "a pool that drains closes what callers need who are expected",
    file: "pool.ts",
    find: "if (this.#drains && this.#expected > 0) return;",
    replace: "",
    guard: "drain.test.ts",
  },
  {
    bug: "an idle resource is never retired by itself",
    file: "idle_stack.ts",
    find: "    this.#lookAgainBy(retiredAt);\n",
    replace: "",
    guard: "retirement.test.ts",
  },
  {
    bug: "a pool at rest closes and opens what minIdle keeps",
    file: "idle_stack.ts",
    find: 'left.length < this.#options.minIdle ? "kept" : "surplus"',
    replace: '"surplus" as "kept" | "surplus"',
    guard: "warm_up.test.ts",
  },
  {
    bug: "lifetimes all end together",
    file: "pool.ts",
    find: "const LIFETIME_JITTER = 0.1;",
    replace: "const LIFETIME_JITTER = 0;",
    guard: "retirement.test.ts",
  },
  {
    bug: "the timer for idle resources keeps the process alive",
    file: "idle_stack.ts",
    find: '"lets process exit"',
    replace: '"keeps process alive"',
    guard: "exit.test.ts",
  },
  {
    bug: "a failed warm-up is never tried again",
    file: "pool.ts",
    find: "this.#warmUpBackoff.retry(() => this.#warmUp());",
    replace: "this.#warmUpBackoff.retry(() => {});",
    guard: "warm_up.test.ts",
  },
];

const ends: readonly PoolMutant[] = [
  {
    bug: "close leaves those who wait waiting",
    file: "pool.ts",
    find: "if (!this.#drains) this.#waiters.failAll(() => poolIsClosed(this.#options.name));",
    replace: "",
  },
  {
    bug: "close by force leaves leases alive",
    file: "pool.ts",
    find: 'if (resource.state === "leased") this.#endLoan(resource);\n      else if (',
    replace: "if (",
    guard: "close.test.ts",
  },
  {
    bug: "close waits for a check or reset that hangs",
    file: "pool.ts",
    find: 'else if (resource.state !== "validating" && resource.state !== "resetting") continue;',
    replace: "else continue;",
    guard: "close.test.ts",
  },
  {
    bug: "a check that ends after a close by force destroys its resource once more",
    file: "pool.ts",
    find: 'if (resource.state !== "validating") return;',
    replace: "",
    guard: "close.test.ts",
  },
  {
    bug: "a reset that ends after a close by force destroys its resource once more",
    file: "pool.ts",
    find: 'if (resource.state !== "resetting") return;',
    replace: "",
    guard: "close.test.ts",
  },
  {
    bug: "the wait for a hanging step outlives a close by force",
    file: "pool.ts",
    find: "resource.abandonStep?.();",
    replace: "",
    guard: "close.test.ts",
  },
  {
    bug: "what comes back to a closing pool becomes idle",
    file: "pool.ts",
    find: 'if (this.#stopped) return this.#destroy(resource, "closed");',
    replace: "",
  },
  {
    bug: "the deadline of close still fires after it has settled",
    file: "pool.ts",
    find: "this.#environment.clock.cancel(this.#closeTimer);",
    replace: "",
    guard: "product.test.ts",
  },
  {
    bug: "a second close returns another promise",
    file: "pool.ts",
    find: "if (this.#closed !== undefined) return this.#closed;",
    replace: "if (this.#closed !== undefined) return this.#closed.then();",
  },
  {
    bug: "a throwing hook breaks the pool",
    file: "hooks.ts",
    find: "catch (error) {\n    report(error);",
    replace: "catch (error) {\n    throw error;",
    guard: "hooks.test.ts",
  },
  {
    bug: "a dropped lease is reported but not taken back",
    file: "pool.ts",
    find: "void this.release(resource);",
    replace: "",
    guard: "leak_detector.test.ts",
  },
  {
    bug: "a leak is blamed on whoever made room for the lease",
    file: "pool.ts",
    find: "waiter.accept(use(resource, calledFrom));",
    replace: "waiter.accept(use(resource, undefined));",
    guard: "leak_detector.test.ts",
  },
];

// A fixed seed, so that a bug that is caught today is not missed by chance tomorrow. Most are
// caught within a hundred schedules; the number is printed and should stay well below the limit.
const model = { MODEL_SEED: "1", MODEL_SCHEDULES: "5000", MODEL_SHRINK: "no" };

export const poolMutants: readonly Mutant[] = [...queue, ...slots, ...resources, ...ends]
  .map(({ file, guard, ...mutant }) => ({
    ...mutant,
    file: `src/pool/${file}`,
    guard: `tests/pool/${guard ?? "model_run.ts"}`,
    env: guard === undefined ? model : {},
  }));
