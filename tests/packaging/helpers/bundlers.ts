/** Bundlers that users have, with next to no options. */

import { build as esbuild } from "esbuild";
import { join } from "node:path";
import { rollup } from "rollup";
import { build as vite } from "vite";

import { binaryOf, command } from "./commands.ts";

/** Bundles a program of a project with everything it imports: a file, and chunks if it likes. */
export type Bundler = (project: string, program: string, outfile: string) => Promise<unknown>;

export const bundlers: Readonly<Record<string, Bundler>> = {
  esbuild: (project, program, outfile) =>
    esbuild({
      absWorkingDir: project,
      entryPoints: [program],
      outfile,
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      logLevel: "silent",
    }),

  // For servers: everything is bundled that can be.
  Vite: (project, program, outfile) =>
    vite({
      root: project,
      configFile: false,
      logLevel: "silent",
      ssr: { noExternal: true },
      build: {
        ssr: program,
        outDir: project,
        emptyOutDir: false,
        minify: true,
        rolldownOptions: { output: { entryFileNames: outfile } },
      },
    }),

  async Rollup(project, program, outfile) {
    const build = await rollup({
      input: join(project, program),
      external: /^node:/,
      plugins: [{ name: "package", resolveId: packageResolver(project) }],
      onLog(level, { message }) {
        if (level === "warn") throw new Error(message);
      },
    });
    await build.write({ dir: project, entryFileNames: outfile, format: "esm" });
    await build.close();
  },

  "bun build": (project, program, outfile) =>
    command(
      [binaryOf("bun"), "build", program, "--target=node", "--minify", "--outfile", outfile],
      {
        cwd: project,
      },
    ),
};

/** Rollup by itself finds no packages. */
function packageResolver(project: string): (specifier: string) => string | null {
  const directory = join(project, "node_modules/@sqlitepool/pool/dist");
  return (specifier) => {
    if (specifier === "@sqlitepool/pool") return join(directory, "mod.js");
    return specifier === "@sqlitepool/pool/worker" ? join(directory, "worker.js") : null;
  };
}
