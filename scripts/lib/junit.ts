// Parses the JUnit reports of Node, Bun and Deno for one test file.

import { type Element, parseXml } from "./xml.ts";

export interface TestResult {
  /** The names of the enclosing suites and of the test, joined by " > ". */
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** The failure, or the reason for skipping if the runtime reports it (only Node does). */
  readonly message: string;
}

const separator = " > ";

export function parseJUnit(source: string, file: string): TestResult[] {
  const results: TestResult[] = [];
  collect(parseXml(source), [], results, file);
  return withoutContainers(results);
}

function collect(element: Element, path: string[], results: TestResult[], file: string): void {
  for (const child of element.children) {
    const name = cleanName(child.attributes.name ?? "");
    if (child.name === "testsuite") {
      collect(child, isFileSuite(name, file) ? path : [...path, name], results, file);
    } else if (child.name === "testcase") {
      results.push({ name: [...path, name].join(separator), ...verdict(child) });
    }
  }
}

/** Bun and Deno wrap a file's tests in a suite; Deno puts nested ones under its own module. */
function isFileSuite(name: string, file: string): boolean {
  return name === file || name === `./${file}` || name.startsWith("ext:");
}

/** Node 22 escapes quotes twice. */
function cleanName(name: string): string {
  return name.replaceAll("&quot;", '"');
}

function verdict(testcase: Element): Omit<TestResult, "name"> {
  for (const child of testcase.children) {
    const message = child.attributes.message ?? "";
    if (child.name === "failure" || child.name === "error") {
      return { status: "failed", message: child.text.trim() || message };
    }
    if (child.name === "skipped") {
      return { status: "skipped", message: message === "true" ? "" : message };
    }
  }
  return { status: "passed", message: "" };
}

/**
 * Deno lists suites beside their tests. A suite counts only when it failed by itself, in a hook
 * for example, and not because of one of its tests.
 */
function withoutContainers(results: TestResult[]): TestResult[] {
  const containers = new Set(results.flatMap(({ name }) => ancestors(name)));
  return results.filter(({ name, status, message }) =>
    !containers.has(name) || (status === "failed" && !/^\d+ test steps? failed/.test(message))
  );
}

function ancestors(name: string): string[] {
  const parts = name.split(separator);
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(separator));
}
