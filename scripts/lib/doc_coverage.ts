// Measures how much of the public API is documented, according to `deno doc --json`.

import { execFile } from "node:child_process";
import { relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { entryPaths } from "./entry_points.ts";
import { type Runtime, runtimes } from "./runtimes.ts";

interface Documented {
  readonly jsDoc?: {
    readonly doc?: string;
    readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
  };
}

interface Located extends Documented {
  readonly name?: string;
  readonly hasBody?: boolean;
  readonly accessibility?: "public" | "protected" | "private";
  readonly location: { readonly filename: string; readonly line: number };
}

interface Declaration extends Located {
  readonly declarationKind: "export" | "private" | "declare";
  readonly kind: string;
  readonly def?: Readonly<Partial<Record<MemberKind, readonly Located[]>>>;
}

const MEMBER_KINDS = ["constructors", "properties", "methods", "callSignatures"] as const;
type MemberKind = typeof MEMBER_KINDS[number];

interface Module {
  readonly module_doc?: Documented["jsDoc"];
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly Declaration[];
  }[];
}

/** Modules by their `file:` URLs. */
export type DocNodes = Readonly<Record<string, Module>>;

export interface Coverage {
  readonly documented: number;
  readonly total: number;
  /** Symbols without documentation, each with its location. */
  readonly undocumented: readonly string[];
  /** Entry points whose module comment is missing or has no example. */
  readonly modulesWithoutExample: readonly string[];
}

/** The public API as Deno sees it. */
export async function readDocNodes(paths: readonly string[] = entryPaths): Promise<DocNodes> {
  const deno = (runtimes.find(({ kind }) => kind === "deno") as Runtime).binary;
  const args = ["doc", "--json", ...paths];
  const { stdout } = await promisify(execFile)(deno, args, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout).nodes;
}

/** Symbols and their members, each counted once; each overload is a separate member. */
export function measureCoverage(nodes: DocNodes): Coverage {
  const counted = new Map<string, { readonly title: string; readonly documented: boolean }>();
  const count = (title: string, { location, jsDoc }: Located): void => {
    // Deno counts lines from 0.
    const place = `${pathOf(location.filename)}:${location.line + 1}`;
    counted.set(`${place} ${title}`, {
      title: `${title} (${place})`,
      documented: (jsDoc?.doc ?? "").trim() !== "",
    });
  };
  for (const { symbols } of Object.values(nodes)) {
    for (const { name, declarations } of symbols) {
      for (const declaration of declarations) {
        if (declaration.declarationKind === "private") continue;
        count(name, declaration);
        for (const member of membersOf(declaration)) {
          count(`${name}.${member.name ?? "call"}`, member);
        }
      }
    }
  }
  const all = [...counted.values()];
  const undocumented = all.filter(({ documented }) => !documented).map(({ title }) => title);
  return {
    documented: all.length - undocumented.length,
    total: all.length,
    undocumented,
    modulesWithoutExample: Object.entries(nodes).filter(([, node]) => !hasExample(node))
      .map(([url]) => pathOf(url)),
  };
}

function membersOf({ def = {} }: Declaration): Located[] {
  return MEMBER_KINDS.flatMap((kind) => def[kind] ?? []).filter((member, _, members) => {
    const isOverload = (other: Located) => other.name === member.name && !other.hasBody;
    // The implementation behind overloads is not visible.
    const isHidden = member.hasBody === true && members.some(isOverload);
    return !isHidden && member.accessibility !== "private";
  });
}

function hasExample({ module_doc: { doc = "", tags = [] } = {} }: Module): boolean {
  const examples = tags.filter(({ kind }) => kind === "example");
  return doc.trim() !== "" && [doc, ...examples.map(({ doc = "" }) => doc)].join().includes("```");
}

function pathOf(url: string): string {
  return relative(process.cwd(), fileURLToPath(url)).replaceAll("\\", "/");
}
