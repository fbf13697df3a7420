/** Programs in words. */

import type { Action, Body, Program, Script, Step } from "./program.ts";
import { showStatement } from "./statements.ts";

function showSteps(steps: Body): string {
  return `[${steps.map(showStep).join("; ")}]`;
}

function showStep(step: Step): string {
  const caught = "caught" in step && step.caught ? " caught" : "";
  switch (step.do) {
    case "run":
      return `${showStatement(step.statement)}${caught}`;
    case "together":
      return `together(${step.statements.map(showStatement).join(", ")})${caught}`;
    case "transaction":
      return `transaction${showSteps(step.body)}${caught}`;
    case "siblings":
      return `siblings(${step.bodies.map(showSteps).join(", ")})${caught}`;
    case "beside":
      return `beside(${showSteps(step.body)}, ${showStatement(step.statement)})${caught}`;
    case "iterate":
      return `iterate ${showStatement(step.statement)}, ${step.take} rows${
        step.closed ? "" : ", left open"
      }${caught}`;
    case "control":
      return `${step.how}${caught}`;
    case "script":
      return `${showScript(step.script)}${caught}`;
    case "unawaited":
      return `unawaited ${showStatement(step.statement)}`;
    case "pause":
      return `pause ${step.turns}`;
    case "throw":
      return `throw ${step.what}`;
    case "reenter":
      return `reenter ${showStatement(step.statement)}`;
    case "abort":
      return "abort";
  }
}

function showScript({ statements, form }: Script): string {
  return `script ${form} (${statements.map(showStatement).join(", ")})`;
}

function showAction(action: Action): string {
  switch (action.do) {
    case "run":
      return `run ${showStatement(action.statement)}`;
    case "batch":
      return `batch(${action.statements.map(showStatement).join(", ")})${
        action.control ? " with COMMIT" : ""
      }`;
    case "transaction":
      return `${action.mode} transaction${showSteps(action.body)}`;
    case "script":
      return showScript(action.script);
    case "lease":
      return `lease${showSteps(action.body)}`;
  }
}

/** A program in words. */
export function showProgram(program: Program): string {
  return program.map(({ action, abort, gap }, index) => {
    const aborted = abort === undefined ? "" : `, aborted ${abort.when} ${abort.count}`;
    return `  ${index}. ${showAction(action)}${aborted}, then ${gap}`;
  }).join("\n");
}
