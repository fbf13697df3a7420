/** How a call must settle, where that does not depend on timing. */

import type { Action, Body, Call, Script, Step } from "./program.ts";
import type { Statement } from "./statements.ts";

export type Prediction = "resolves" | "rejects" | "either";

/** What is to come of steps in a transaction. */
interface Course {
  readonly settles: Prediction;
  /** SQLite has ended the transaction, for sure or maybe. */
  readonly ended: "no" | "maybe" | "yes";
  /** A deferred constraint is violated, for sure or maybe. */
  readonly violated: "no" | "maybe" | "yes";
}

const GOES_ON: Course = { settles: "resolves", ended: "no", violated: "no" };

/** How a call settles when nobody is in its way. */
export function predict({ action, abort }: Call): Prediction {
  if (abort?.when === "before") return "rejects";
  if (abort !== undefined) return "either";
  return predictAction(action);
}

function predictAction(action: Action): Prediction {
  switch (action.do) {
    case "run":
      return action.statement.kind.fate === "works" ? "resolves" : "rejects";
    case "batch": {
      if (action.control) return "rejects";
      const works = action.statements.every(({ kind }) => kind.fate === "works");
      return works ? "resolves" : "rejects";
    }
    case "script": {
      const works = action.script.statements.every(({ kind }) => kind.fate === "works");
      return works && action.script.form !== "BEGIN; ..." ? "resolves" : "rejects";
    }
    case "transaction":
      return atCommit(courseOf(action.body));
    case "lease":
      return "either";
  }
}

function atCommit({ settles, ended, violated }: Course): Prediction {
  if (ended === "yes" || violated === "yes") return "rejects";
  if (settles === "rejects") return "rejects";
  return ended === "maybe" || violated === "maybe" ? "either" : settles;
}

function courseOf(steps: Body): Course {
  let course = GOES_ON;
  for (const step of steps) {
    if (course.settles === "rejects") break;
    course = after(course, courseOfStep(step), "caught" in step && step.caught);
  }
  return course;
}

/** What comes of two steps, the second of which is only reached if the first did not throw. */
function after(first: Course, second: Course, caught: boolean): Course {
  const ended = first.ended === "yes" ? "yes" : either(first.ended, second.ended);
  if (first.ended === "yes") return { settles: "either", ended: "yes", violated: "no" };
  const uncertain = first.settles === "either" || first.ended === "maybe";
  const settles = caught ? "resolves" : second.settles;
  return {
    settles: uncertain ? "either" : settles,
    ended: uncertain && ended === "yes" ? "maybe" : ended,
    violated: uncertain && second.violated === "yes"
      ? first.violated === "yes" ? "yes" : "maybe"
      : either(first.violated, second.violated),
  };
}

function either<V extends "no" | "maybe" | "yes">(one: V, other: V): V {
  const values: readonly V[] = [one, other];
  return values.find((value) => value === "yes") ?? values.find((value) => value === "maybe") ??
    one;
}

function courseOfStep(step: Step): Course {
  switch (step.do) {
    case "run":
      return courseOfStatements([step.statement], "each");
    case "together":
      return courseOfStatements(step.statements, "each");
    case "script":
      return courseOfScript(step.script);
    case "transaction": {
      const course = courseOf(step.body);
      // What is undone violates nothing any more.
      if (course.settles === "rejects") return { ...course, violated: "no" };
      if (course.settles === "either" && course.violated === "yes") {
        return { ...course, violated: "maybe" };
      }
      return course;
    }
    case "siblings": {
      const courses = step.bodies.map(courseOf);
      const ended = courses.map((course) => course.ended).reduce(either);
      const violated = courses.some((course) => course.violated !== "no") ? "maybe" : "no";
      return { settles: "either", ended: ended === "no" ? "no" : "maybe", violated };
    }
    case "beside":
    case "iterate":
      return { settles: "either", ended: "maybe", violated: "maybe" };
    case "control":
      return { settles: "either", ended: "maybe", violated: "no" };
    case "unawaited":
    case "abort":
      return { settles: "either", ended: "maybe", violated: "maybe" };
    case "throw":
      return { settles: "rejects", ended: "no", violated: "no" };
    case "reenter":
    case "pause":
      return GOES_ON;
  }
}

function courseOfScript({ statements, form }: Script): Course {
  // A transaction inside a transaction: refused.
  if (form !== "plain") return { settles: "rejects", ended: "no", violated: "no" };
  return courseOfStatements(statements, "up to the first that fails");
}

function courseOfStatements(
  statements: readonly Statement[],
  which: "each" | "up to the first that fails",
): Course {
  let course = GOES_ON;
  for (const { kind: { fate } } of statements) {
    if (course.ended === "yes") break;
    if (fate === "works") continue;
    if (fate === "later") {
      course = { ...course, violated: course.ended === "maybe" ? "maybe" : "yes" };
      continue;
    }
    const ended = fate === "ends" ? "yes" : fate === "may end" ? "maybe" : course.ended;
    course = { ...course, settles: "rejects", ended };
    if (which !== "each") break;
  }
  return course;
}
