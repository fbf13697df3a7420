/** The workflows: pinned, with few rights, and calling what there is. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { parse } from "yaml";

import { commandProblems, type Surroundings } from "../helpers/commands.ts";
import { repositoryRoot } from "../helpers/runtime.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly name: string;
  readonly text: string;
  readonly on: Readonly<Record<string, { readonly tags?: readonly string[] } | null>>;
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const text = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");
const manifest = JSON.parse(text("package.json"));
const runtimes: string[] = JSON.parse(text("scripts/runtimes.json"))
  .map(({ name }: { name: string }) => name);

const workflows: readonly Workflow[] = readdirSync(join(repositoryRoot, ".github/workflows"))
  .map((name) => {
    const content = text(`.github/workflows/${name}`);
    return { ...parse(content), name, text: content };
  });

const jobsOf = (workflow: Workflow) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ name: `${workflow.name}: ${name}`, job }));
const jobs = workflows.flatMap(jobsOf);
const release = workflows.find(({ name }) => name === "release.yml")!;

test("there are workflows for tests and releases", () => {
  assert.deepEqual(workflows.map(({ name }) => name).sort(), ["release.yml", "test.yml"]);
});

/** `uses` lines that are not pinned by a full hash with the version beside it. */
function unpinned(workflow: string): string[] {
  const lines = workflow.split("\n").filter((line) => /\buses:/.test(line));
  return lines.map((line) => line.trim())
    .filter((line) => !/^(- )?uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line));
}

test("every action is pinned by its full hash, with its version in a comment", () => {
  for (const { name, text } of workflows) assert.deepEqual(unpinned(text), [], name);
  const uses = jobs.flatMap(({ job }) => job.steps.flatMap((step) => step.uses ?? []));
  assert.ok(uses.length > 5);
  // The same version everywhere.
  const versions = new Map<string, string>();
  for (const use of uses) {
    const [action, hash] = use.split("@");
    assert.equal(versions.get(action) ?? hash, hash, `two versions of ${action}`);
    versions.set(action, hash);
  }
});

test("tags, short hashes and hashes without a version are noticed", () => {
  const hash = "3d3c42e5aac5ba805825da76410c181273ba90b1";
  assert.deepEqual(unpinned(`- uses: actions/checkout@${hash} # v7.0.1`), []);
  const bad = [
    "- uses: actions/checkout@v7",
    "uses: actions/checkout@3d3c42e # v7.0.1",
    `uses: actions/checkout@${hash}`,
  ];
  assert.deepEqual(unpinned(bad.join("\n")), bad);
});

test("workflows may read, and nothing else", () => {
  for (const { name, permissions } of workflows) {
    assert.deepEqual(permissions, { contents: "read" }, name);
  }
});

test("the jobs that publish have an identity, and no other job has", () => {
  const identified = jobs.filter(({ job }) => job.permissions !== undefined);
  assert.deepEqual(identified.map(({ name }) => name), ["release.yml: npm", "release.yml: jsr"]);
  for (const { job } of identified) {
    assert.deepEqual(job.permissions, { contents: "read", "id-token": "write" });
    assert.equal(job.environment, "release");
    assert.equal(job.needs, "build");
    // The tools of others stay out of a job that can publish.
    const commands = job.steps.flatMap(({ run }) => run ?? []).join("\n");
    assert.doesNotMatch(commands, /npm (ci|install|run|test)|npx/);
  }
  assert.deepEqual(Object.keys(release.on), ["push"]);
  assert.deepEqual(release.on.push, { tags: ["v*"] });
  assert.match(release.text, /npm publish --provenance/);
});

test("no workflow knows a secret", () => {
  for (const { name, text } of workflows) assert.doesNotMatch(text, /secrets\./, name);
});

test("a checkout leaves no credentials behind, and no job runs for ever", () => {
  for (const { name, job } of jobs) {
    assert.ok((job["timeout-minutes"] ?? Infinity) <= 60, name);
    for (const step of job.steps) {
      if (!step.uses?.startsWith("actions/checkout@")) continue;
      assert.equal(step.with?.["persist-credentials"], false, name);
    }
  }
});

test("the matrix is every runtime on three systems", () => {
  const matrix = workflows.find(({ name }) => name === "test.yml")!.jobs.tests.strategy!.matrix;
  assert.deepEqual(matrix.runtime, runtimes);
  assert.deepEqual(matrix.os.map((os) => os.split("-")[0]), ["ubuntu", "macos", "windows"]);
});

test("Deno publishes with the version that the tests ran on", () => {
  const { steps } = release.jobs.jsr;
  const setup = steps.find(({ uses }) => uses?.startsWith("denoland/setup-deno@"));
  assert.equal(setup?.with?.["deno-version"], manifest.devDependencies.deno);
});

test("workflows call scripts that exist", () => {
  const surroundings: Surroundings = {
    packageName: manifest.name,
    scripts: Object.keys(manifest.scripts),
    // Those of the matrix are checked above.
    runtimes: [...runtimes, "${{"],
    exists: (path) => existsSync(join(repositoryRoot, path)),
  };
  const commands = jobs.flatMap(({ job }) => job.steps.flatMap(({ run }) => run ?? []));
  assert.ok(commands.length > 5);
  assert.deepEqual(commands.flatMap((line) => commandProblems(line, surroundings)), []);
  const scripts = commands.flatMap((line) => line.match(/scripts\/run\.mjs (\w+)/)?.[1] ?? [])
    .concat(Object.values<string>(manifest.scripts).map((line) => line.split(" ").at(-1)!));
  const missing = scripts.filter((name) => !surroundings.exists(`scripts/${name}.ts`));
  assert.deepEqual(missing, []);
});
