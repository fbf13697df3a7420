/** Checks, without running a command, that everything it names exists. */

export interface Surroundings {
  readonly packageName: string;
  readonly scripts: readonly string[];
  readonly runtimes: readonly string[];
  exists(path: string): boolean;
}

const PACKAGE_MANAGERS: readonly string[] = ["npm", "pnpm", "yarn", "bun", "deno"];
const OTHER_PROGRAMS: readonly string[] = ["git", "node", "cd"];
/** A path in the repository, as opposed to a pattern. */
const PATH =
  /^(\.\/)?(scripts|tests|bench|examples|docs|src|adapters|integrations|\.github)\/[\w./-]+$/;

/** What is wrong with one line of a `sh` block. */
export function commandProblems(line: string, surroundings: Surroundings): string[] {
  const words = line.replace(/(^|\s)#.*$/, "").split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return [];
  const [program, verb, subject] = words;
  const problems = words.filter((word) => PATH.test(word) && !surroundings.exists(word))
    .map((path) => `there is no ${path}`);
  const runtimes = words.includes("--runtime") ? words[words.indexOf("--runtime") + 1] ?? "" : "";
  for (const name of runtimes.split(",").filter((name) => name !== "")) {
    if (!surroundings.runtimes.includes(name)) problems.push(`there is no runtime ${name}`);
  }
  if (PACKAGE_MANAGERS.includes(program)) {
    problems.push(...packageManagerProblems(program, verb, subject, surroundings));
  } else if (!OTHER_PROGRAMS.includes(program)) {
    problems.push(`${program} is no command that is checked`);
  }
  return problems;
}

function packageManagerProblems(
  program: string,
  verb: string | undefined,
  subject: string | undefined,
  { packageName, scripts }: Surroundings,
): string[] {
  if ((verb === "install" || verb === "add") && subject !== undefined) {
    const name = subject.replace(/^(jsr|npm):/, "");
    return name === packageName || subject.startsWith("-")
      ? []
      : [`${subject} is not this package`];
  }
  if (program !== "npm" || verb !== "run" && verb !== "test") return [];
  const script = verb === "test" ? "test" : subject;
  if (script === undefined) return ["npm run needs the name of a script"];
  return scripts.includes(script) ? [] : [`there is no script ${script}`];
}
