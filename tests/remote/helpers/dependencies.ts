/**
 * Whether there is one order that explains all that happened. What depends on what follows from the
 * lists, from the order of calls in a session, and on the primary from real time; a circle of
 * dependencies cannot have happened in any order.
 */

import { byStart, type Lists, type Operation } from "./operation.ts";

/** A call, or a moment: whatever has ended by then comes before whatever begins later. */
interface Node {
  readonly name: string;
  readonly next: Set<Node>;
  /** How many nodes that come before it have not had their turn. */
  before: number;
}

/** The calls of one circle of dependencies, in words; nothing if there is none. */
export function cycleIn(history: readonly Operation[], final: Lists): string[] {
  const nodes = new Map<Operation, Node>();
  const moments: Node[] = [];
  const newNode = (name: string): Node => ({ name, next: new Set(), before: 0 });
  const order = (first: Node | undefined, second: Node | undefined): void => {
    if (first === undefined || second === undefined || first === second) return;
    if (first.next.has(second)) return;
    first.next.add(second);
    second.before += 1;
  };

  const writers = new Map<string, Node>();
  for (const operation of history) {
    const { session, append, lists } = operation;
    if (append?.outcome === "failed" && lists === undefined) continue;
    const node = newNode(`${session}: ${append === undefined ? "read" : append.value}`);
    nodes.set(operation, node);
    if (append === undefined || append.outcome === "failed") continue;
    for (const key of append.keys) writers.set(`${key} ${append.value}`, node);
  }
  const writerOf = (key: number, value: number | undefined) => writers.get(`${key} ${value}`);

  for (const [key, values] of final) {
    values.forEach((value, i) => order(writerOf(key, values[i - 1]), writerOf(key, value)));
  }
  for (const [{ lists }, node] of nodes) {
    for (const [key, values] of lists ?? []) {
      order(writerOf(key, values.at(-1)), node);
      order(node, writerOf(key, final.get(key)?.[values.length]));
    }
  }

  const latest = new Map<number, Node>();
  for (const operation of byStart([...nodes.keys()])) {
    const node = nodes.get(operation)!;
    order(latest.get(operation.session), node);
    // Nobody knows when an unknown one took effect.
    if (operation.append?.outcome !== "unknown") latest.set(operation.session, node);
  }

  const events: { readonly at: number; readonly node: Node; readonly is: "start" | "end" }[] = [];
  for (const [{ by, startedAt, endedAt, append }, node] of nodes) {
    if (by !== "primary") continue;
    events.push({ at: startedAt, node, is: "start" });
    if (append?.outcome !== "unknown") events.push({ at: endedAt, node, is: "end" });
  }
  for (const { node, is } of events.sort((a, b) => a.at - b.at || (a.is === "start" ? -1 : 1))) {
    if (is === "start") {
      order(moments.at(-1), node);
      continue;
    }
    const moment = newNode("later");
    order(moments.at(-1), moment);
    order(node, moment);
    moments.push(moment);
  }
  return circleAmong([...nodes.values(), ...moments]);
}

/** Takes away what nothing comes before, until nothing is left, or a circle. */
function circleAmong(nodes: readonly Node[]): string[] {
  const ready = nodes.filter(({ before }) => before === 0);
  let left = nodes.length;
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    left -= 1;
    for (const next of node.next) {
      next.before -= 1;
      if (next.before === 0) ready.push(next);
    }
  }
  if (left === 0) return [];
  // What is left comes after a circle, or is in one: backwards from anywhere leads into it.
  const previous = new Map<Node, Node>();
  for (const node of nodes) {
    if (node.before === 0) continue;
    for (const next of node.next) previous.set(next, node);
  }
  const path: Node[] = [];
  let node = nodes.find(({ before }) => before > 0)!;
  while (!path.includes(node)) {
    path.push(node);
    node = previous.get(node)!;
  }
  const circle = path.slice(path.indexOf(node)).reverse();
  return [`circle of dependencies: ${circle.map(({ name }) => name).join(" < ")}`];
}
