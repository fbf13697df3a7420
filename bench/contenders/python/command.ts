/** How the Python original is started: with a python3 that can import it. */

import { delimiter } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** `AIOSQLITEPOOL_PATH` may name the folders of its sources, as in PYTHONPATH. */
export function pythonCommand(): [string, ...string[]] {
  const script = fileURLToPath(new URL("./contender.py", import.meta.url));
  return [process.env.PYTHON ?? "python3", script];
}

export function pythonEnvironment(): NodeJS.ProcessEnv {
  const paths = [process.env.AIOSQLITEPOOL_PATH, process.env.PYTHONPATH].filter(Boolean);
  return { ...process.env, PYTHONPATH: paths.join(delimiter), PYTHONDONTWRITEBYTECODE: "1" };
}
